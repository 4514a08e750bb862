import { readFile } from 'node:fs/promises'
import { publint, type Message } from 'publint'
import { formatMessage } from 'publint/utils'
import type { PackedPackage } from './pack.ts'

/** What publint finds in a packed package, suggestions included. */
export async function lintPackage(packed: PackedPackage): Promise<readonly string[]> {
  const bytes = await readFile(packed.tarball)
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const { messages, pkg } = await publint({ strict: true, pack: { tarball } })
  return messages
    .filter((message) => !isAboutSource(message))
    .map((message) => `${packed.name}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
}

/** The condition that leads to the sources is for this repository alone; nobody else names it, so its target may be missing. */
function isAboutSource({ path }: Message): boolean {
  return path.includes('@signet/source')
}
