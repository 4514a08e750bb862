import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Something that was found where it must not be. */
export interface Finding {
  readonly file: string
  /** The name it was searched under. Never what was found. */
  readonly name: string
}

/**
 * Searches every byte of every file in a directory: the database, its log and whatever lies beside it.
 *
 * Each secret is looked for as it is, and as hexadecimal digits and base64 in case somebody found a clever way to keep
 * it. Secrets below 8 bytes would be found by chance.
 */
export async function searchFiles(
  directory: string,
  secrets: Readonly<Record<string, string | Uint8Array>>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const file of await readdir(directory)) {
    const bytes = await readFile(join(directory, file))
    for (const [name, secret] of Object.entries(secrets)) {
      if (spellingsOf(secret).some((spelling) => bytes.includes(spelling))) findings.push({ file, name })
    }
  }
  return findings
}

function spellingsOf(secret: string | Uint8Array): readonly Buffer[] {
  const raw = Buffer.from(secret)
  if (raw.length < 8) throw new TypeError('too short to search for')
  const encoded = [raw.toString('hex'), raw.toString('base64').replace(/=+$/, ''), raw.toString('base64url')]
  return [raw, Buffer.from(raw.toString('utf8'), 'utf16le'), ...encoded.map((text) => Buffer.from(text))]
}
