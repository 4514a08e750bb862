import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { formatCursor } from '@signet/protocol'
import type { FeedCursor, RevocationSnapshot } from '@signet/protocol'
import type { Revocation } from '@signet/protocol'
import type { EpochSeconds } from '../domain/time.ts'
import type { RevocationStore } from '../store/store.ts'
import type { Timers } from './timers.ts'

export type SnapshotEncoding = 'identity' | 'gzip' | 'br'

/** The whole list, serialised. */
export interface FeedSnapshot {
  /** Everything up to here is in it. */
  readonly cursor: string
  /** A `RevocationSnapshot` as JSON, encoded as asked; each encoding is made once, off the event loop. */
  body(encoding: SnapshotEncoding): Promise<Uint8Array>
}

export interface SnapshotOptions {
  readonly revocations: Pick<RevocationStore, 'since' | 'newest'>
  readonly now: () => EpochSeconds
  readonly timers: Pick<Timers, 'pause'>
}

/** From this many entries on, serialising again for each newcomer would be all that the server does. */
const LARGE_ENTRIES = 10_000
/** For so long a large snapshot is good enough: the stream gives what came after its cursor. */
const LARGE_AGE_SECONDS = 5
/** For so long one is kept while nothing new comes: what lapses meanwhile does no harm. */
const UNCHANGED_AGE_SECONDS = 60

/**
 * Makes snapshots, and makes each of them once.
 *
 * What it gives is as new as the database when it was asked; with more than 10,000 entries it may be 5 seconds old.
 * However long the list is, it is read and written page by page and everybody else gets their turn in between.
 */
export function createSnapshots(options: SnapshotOptions): () => Promise<FeedSnapshot> {
  const { revocations, now } = options
  let made: MadeSnapshot | undefined
  let making: Promise<MadeSnapshot> | undefined

  async function makeOne(): Promise<MadeSnapshot> {
    try {
      made = await makeSnapshot(options)
      return made
    } finally {
      making = undefined
    }
  }

  return async () => {
    const newest = await revocations.newest()
    if (made !== undefined && serves(made, newest, now())) return made
    // one that is on its way may have begun too early; the next one begins after the question
    const underWay = await making
    if (underWay !== undefined && serves(underWay, newest, now())) return underWay
    return (making ??= makeOne())
  }
}

interface MadeSnapshot extends FeedSnapshot {
  readonly position: FeedCursor
  readonly takenAt: EpochSeconds
  readonly entries: number
}

function serves({ position, takenAt, entries }: MadeSnapshot, newest: FeedCursor, now: EpochSeconds): boolean {
  if (position.epoch !== newest.epoch) return position.epoch > newest.epoch
  const age = Math.abs(now - takenAt)
  if (position.sequence >= newest.sequence) return age < UNCHANGED_AGE_SECONDS
  return entries >= LARGE_ENTRIES && age < LARGE_AGE_SECONDS
}

/** Rows read at once: a few milliseconds. */
const PAGE = 2000

async function makeSnapshot({ revocations, now, timers }: SnapshotOptions): Promise<MadeSnapshot> {
  const position = await revocations.newest()
  const takenAt = now()
  const groups = createGroups()
  let entries = 0
  for (let sequence = 0; sequence < position.sequence;) {
    const page = await revocations.since(sequence, PAGE)
    for (const { sequence: at, entry } of page) {
      if (at > position.sequence || entry.until <= takenAt) continue
      groups.add(entry)
      entries++
    }
    sequence = page.length < PAGE ? position.sequence : (page.at(-1)?.sequence ?? position.sequence)
    await timers.pause()
  }
  const cursor = formatCursor(position)
  const json = await groups.serialize(cursor, takenAt, timers)
  return { position, takenAt, entries, cursor, body: encoder(json) }
}

type Member = Exclude<keyof RevocationSnapshot, 'cursor' | 'taken_at'>

/** Serialised entries by kind and by the second at which they lapse. */
function createGroups() {
  const groups: Readonly<Record<Member, Map<EpochSeconds, string[]>>> = {
    tokens: new Map(),
    sessions: new Map(),
    subjects: new Map(),
    keys: new Map(),
  }
  return {
    add(entry: Revocation): void {
      const { member, text } = serializedOf(entry)
      const group = groups[member].get(entry.until)
      if (group === undefined) groups[member].set(entry.until, [text])
      else group.push(text)
    },

    async serialize(cursor: string, takenAt: EpochSeconds, timers: Pick<Timers, 'pause'>): Promise<Uint8Array> {
      const parts: Uint8Array[] = [Buffer.from(`{"cursor":${JSON.stringify(cursor)},"taken_at":${takenAt}`)]
      let sincePause = 0
      for (const [member, group] of Object.entries(groups)) {
        let separator = `,"${member}":{`
        for (const [until, texts] of group) {
          parts.push(Buffer.from(`${separator}"${until}":[${texts.join(',')}]`))
          separator = ','
          sincePause += texts.length
          if (sincePause < PAGE) continue
          sincePause = 0
          await timers.pause()
        }
        parts.push(Buffer.from(group.size === 0 ? `${separator}}` : '}'))
      }
      parts.push(Buffer.from('}'))
      return Buffer.concat(parts)
    },
  }
}

function serializedOf(entry: Revocation): { readonly member: Member; readonly text: string } {
  switch (entry.kind) {
    case 'token':
      return { member: 'tokens', text: JSON.stringify(entry.jti) }
    case 'session':
      return { member: 'sessions', text: JSON.stringify(entry.sid) }
    case 'subject':
      return { member: 'subjects', text: JSON.stringify([entry.sub, entry.before]) }
    case 'key':
      return { member: 'keys', text: JSON.stringify(entry.kid) }
  }
}

const compressGzip = promisify(gzip)
const compressBrotli = promisify(brotliCompress)

/** Random ids have little to compress: what there is, the fast levels find too. */
const BROTLI_QUALITY = 3
const GZIP_LEVEL = 1

function encoder(json: Uint8Array): FeedSnapshot['body'] {
  const made = new Map<SnapshotEncoding, Promise<Uint8Array>>()
  return (encoding) => {
    const known = made.get(encoding)
    if (known !== undefined) return known
    const body = encode(json, encoding)
    made.set(encoding, body)
    return body
  }
}

async function encode(json: Uint8Array, encoding: SnapshotEncoding): Promise<Uint8Array> {
  switch (encoding) {
    case 'identity':
      return json
    case 'gzip':
      return compressGzip(json, { level: GZIP_LEVEL })
    case 'br':
      return compressBrotli(json, {
        params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: json.length },
      })
  }
}
