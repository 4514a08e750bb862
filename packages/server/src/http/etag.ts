/** Whether `If-None-Match` names this tag: weak comparison (RFC 9110 §13.1.2). */
export function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const wanted = opaquePart(etag)
  return header.split(',').some((tag) => tag.trim() === '*' || opaquePart(tag.trim()) === wanted)
}

function opaquePart(tag: string): string {
  return tag.replace(/^W\//, '')
}
