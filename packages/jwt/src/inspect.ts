export function inspect(token: unknown): { header?: Record<string, unknown>; claims?: Record<string, unknown> } {
  const part = (i: number): Record<string, unknown> | undefined => {
    try {
      return JSON.parse(Buffer.from(String(token).split('.')[i] ?? '', 'base64url').toString())
    } catch {
      return undefined
    }
  }
  return { header: part(0) ?? {}, claims: part(1) ?? {} }
}
