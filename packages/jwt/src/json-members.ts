/**
 * Says whether any object in JSON text names a member twice, escapes resolved (RFC 8259 §4).
 *
 * The text must be well-formed. Linear, and iterative: depth costs memory and not the stack.
 */
export function repeatsMember(text: string): boolean {
  const open: (Set<string> | null)[] = []
  let position = 0
  while (position < text.length) {
    const char = text[position]
    if (char === '"') {
      const end = endOfString(text, position)
      const names = open.at(-1)
      if (names && isFollowedByColon(text, end)) {
        const name = JSON.parse(text.slice(position, end)) as string
        if (names.has(name)) return true
        names.add(name)
      }
      position = end
      continue
    }
    if (char === '{') open.push(new Set())
    else if (char === '[') open.push(null)
    else if (char === '}' || char === ']') open.pop()
    position++
  }
  return false
}

function endOfString(text: string, start: number): number {
  let position = start + 1
  while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1
  return position + 1
}

function isFollowedByColon(text: string, start: number): boolean {
  let position = start
  while (' \t\n\r'.includes(text[position] ?? '.')) position++
  return text[position] === ':'
}
