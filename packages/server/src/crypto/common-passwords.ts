import { createRequire } from 'node:module'

/**
 * Whether a password is on the offline list of common and breached ones (49 000, the most frequent). Case and
 * compatibility forms make no difference. The list is loaded at the first question, which takes some 50 ms.
 */
export function isCommonPassword(password: string): boolean {
  list ??= loadList()
  return list.has(password.normalize('NFKC').toLowerCase())
}

let list: ReadonlySet<string> | undefined

function loadList(): ReadonlySet<string> {
  // not imported: a server that registers nobody, and every start, would pay for it
  const load = createRequire(import.meta.url)
  const { dictionary } = load('@zxcvbn-ts/language-common') as typeof import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'])
}
