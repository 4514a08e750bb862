/** What a new password must satisfy. Lengths count code points after normalisation. */
export interface PasswordPolicy {
  /** At least 15 while the password is the only factor, never below 8 (NIST SP 800-63B-4 §3.1.1.2). */
  readonly minLength: number
  /** Keeps the work of a request bounded; hashing itself costs the same for any length. */
  readonly maxLength: number
}

export interface PasswordRules {
  readonly policy: PasswordPolicy
  /** What a guesser knows without trying: the e-mail's local part and domain, the product's and operator's name. */
  readonly contextWords: readonly string[]
}

export type PasswordDecision =
  | { readonly kind: 'accept'; readonly normalized: string }
  | { readonly kind: 'too_short'; readonly minLength: number }
  | { readonly kind: 'too_long'; readonly maxLength: number }
  | { readonly kind: 'common'; readonly because: 'listed' | 'contains_context' | 'repetitive' }

/** No setting of `minLength` goes below this (NIST SP 800-63B-4 §3.1.1.2). */
const SMALLEST_MIN_LENGTH = 8

/**
 * Decides whether a person may choose this password.
 *
 * Nothing is trimmed, cut or changed in case; no kind of character is demanded or forbidden. What is refused is what
 * guessers try first: listed passwords and those with a short or listed ending, one unit or sequence over and over,
 * and passwords that are little more than the person's address or the product's name.
 *
 * Pure; for new passwords only. A login never applies it: policies change, accounts stay.
 *
 * @param isCommon whether a password is on the list of common ones; folds case itself
 * @see NIST SP 800-63B-4 §3.1.1.2
 */
export function decidePassword(
  password: string,
  rules: PasswordRules,
  isCommon: (password: string) => boolean,
): PasswordDecision {
  const { minLength, maxLength } = rules.policy
  if (isFarTooLong(password, maxLength)) return { kind: 'too_long', maxLength }
  const normalized = normalizePassword(password)
  const length = [...normalized].length
  if (length > maxLength) return { kind: 'too_long', maxLength }
  if (length < minLength) return { kind: 'too_short', minLength }
  const because = whyCommon(normalized, rules.contextWords, isCommon)
  return because === null ? { kind: 'accept', normalized } : { kind: 'common', because }
}

/**
 * The form in which passwords are compared and hashed: NFC, so that an accent typed as one code point or as two is
 * the same password (NIST SP 800-63B-4 §3.1.1.2, RFC 8265 §4.2). Everything else stays as typed.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFC')
}

/** Before normalising: NFC makes at most one code point out of four, and a code point has at most two code units. */
function isFarTooLong(password: string, maxLength: number): boolean {
  return password.length > maxLength * 8
}

function whyCommon(
  password: string,
  contextWords: readonly string[],
  isCommon: (password: string) => boolean,
): 'listed' | 'contains_context' | 'repetitive' | null {
  const folded = fold(password)
  const spellings = spellingsOf(folded)
  if (isCommon(password) || spellings.some((spelling) => isListedAtHeart(spelling, isCommon))) return 'listed'
  const words = contextVariants(contextWords)
  for (const spelling of spellings) {
    const rest = without(spelling, words)
    if (rest === spelling) continue
    if (isThin(rest, spelling) || isListedAtHeart(rest, isCommon)) return 'contains_context'
  }
  return isThin(folded, folded) ? 'repetitive' : null
}

/** A listed password, once or over and over, with nothing before or after it but what anybody would add. */
function isListedAtHeart(text: string, isCommon: (password: string) => boolean): boolean {
  const [, before = '', heart = '', after = ''] = /^([^\p{L}]*)(.*?)([^\p{L}]*)$/su.exec(text) ?? []
  if (isCommon(text) || isCommon(repeatedUnit(text))) return true
  if (!isCommon(heart) && !isCommon(repeatedUnit(heart))) return false
  return [before, after].every((affix) => isCommon(affix) || [...squeezed(affix)].length < SMALLEST_MIN_LENGTH)
}

/** Whether `text` holds too little to guess: repetition and sequences count once, and half of `whole` must be more. */
function isThin(text: string, whole: string): boolean {
  const needed = Math.min(SMALLEST_MIN_LENGTH, Math.ceil([...whole].length / 2))
  return [...squeezed(repeatedUnit(text))].length < needed
}

/** The shortest text that, written over and over and cut anywhere, gives `text`; `text` itself if there is none. */
function repeatedUnit(text: string): string {
  const points = [...text]
  for (let period = 1; period <= points.length / 2; period++) {
    if (!points.every((point, index) => index < period || point === points[index - period])) continue
    const unit = points.slice(0, period).join('')
    return isJudged(unit) ? unit : text
  }
  return text
}

/** Leaves one character of every run like `aaa`, `abc`, `321`, `8901` or `qwert`. */
function squeezed(text: string): string {
  const points = [...text]
  let kept = ''
  for (let start = 0; start < points.length;) {
    const end = Math.max(...RUNS.map((follows) => endOfRun(points, start, follows)))
    const run = points.slice(start, end)
    kept += run.length >= 3 && isJudged(run.join('')) ? run[0] : run.join('')
    start = end
  }
  return kept
}

/** Pictures and signs are left alone: guessers repeat letters, digits, points and spaces. */
function isJudged(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{Z}]/u.test(text)
}

function endOfRun(points: readonly string[], start: number, follows: Follows): number {
  let end = start + 1
  while (end < points.length && follows(points[end - 1] ?? '', points[end] ?? '')) end++
  return end
}

type Follows = (before: string, after: string) => boolean

/** Orders that fingers and guessers walk along, either way: alphabets, the digits, the rows of keyboards. */
const ORDERS = [
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
]

const RUNS: readonly Follows[] = [
  (before, after) => before === after,
  (before, after) => codePoint(after) === codePoint(before) + 1,
  (before, after) => codePoint(after) === codePoint(before) - 1,
  ...ORDERS.flatMap((order): Follows[] => [
    (before, after) => order.includes(before + after),
    (before, after) => order.includes(after + before),
  ]),
]

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0
}

/** Each word whole, without punctuation, and by its parts; the longest first, so that none hides another. */
function contextVariants(words: readonly string[]): readonly string[] {
  const variants = words.map(fold).flatMap((word) => {
    const parts = word.split(/[^\p{L}\p{N}]+/u)
    return parts.concat(word, parts.join(''))
  })
  return [...new Set(variants)].filter((word) => word.length >= 3).sort((a, b) => b.length - a.length)
}

function without(text: string, words: readonly string[]): string {
  return words.reduce((rest, word) => rest.replaceAll(word, ''), text)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** `p@ssw0rd` is `password` to every guesser; `1` and `!` stand for two letters. */
function spellingsOf(folded: string): readonly string[] {
  const letters = folded.replaceAll(/[@$034578]/g, (sign) => LOOKALIKES[sign] ?? sign)
  return [...new Set([folded, letters.replaceAll(/[1!]/g, 'i'), letters.replaceAll(/[1!]/g, 'l')])]
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  '@': 'a',
  $: 's',
  '0': 'o',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
}
