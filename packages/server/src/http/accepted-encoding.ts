/**
 * Chooses how a large answer is encoded: the first of `offered` that `Accept-Encoding` takes, else `identity`
 * (RFC 9110 §12.5.3). A weight of 0 refuses; other weights do not matter to us, since the order is ours.
 */
export function acceptedEncoding<const T extends string>(
  header: string | undefined,
  offered: readonly T[],
): T | 'identity' {
  const weights = new Map<string, number>()
  for (const part of (header ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  return offered.find((encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0) ?? 'identity'
}
