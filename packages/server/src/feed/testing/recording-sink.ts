import { parseCursor } from '@signet/protocol'
import type { Revocation } from '@signet/protocol'
import type { FeedSink } from '../reader.ts'

export interface StreamEvent {
  readonly id: string | null
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Keeps what is written to it; reads only while it is told to. */
export class RecordingSink implements FeedSink {
  readonly events: StreamEvent[] = []
  readonly chunks: Uint8Array[] = []
  state: 'open' | 'ended' | 'destroyed' = 'open'
  reads = true
  #buffered = 0
  #wake: (() => void) | undefined

  write(bytes: Uint8Array): void {
    this.chunks.push(bytes)
    this.events.push(...parseEvents(Buffer.from(bytes).toString()))
    if (!this.reads) this.#buffered += bytes.length
  }

  bufferedBytes(): number {
    return this.#buffered
  }

  drained(): Promise<void> {
    if (this.#buffered === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  readAll(): void {
    this.reads = true
    this.#buffered = 0
    this.#wake?.()
  }

  end(): void {
    this.state = 'ended'
  }

  destroy(): void {
    this.state = 'destroyed'
    this.#wake?.()
  }

  /** Entries received, in order. */
  entries(): readonly Revocation[] {
    return this.events.filter(({ name }) => name === 'revoke').flatMap(({ data }) => data['entries'] as Revocation[])
  }

  names(): readonly string[] {
    return this.events.map(({ name }) => name)
  }

  /** The sequence of the last event with an id. */
  sequence(): number | undefined {
    const id = this.events.findLast((event) => event.id !== null)?.id
    return id === undefined || id === null ? undefined : parseCursor(id)?.sequence
  }
}

function parseEvents(text: string): readonly StreamEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const fields = new Map(
        block
          .split('\n')
          .map((line): [string, string] => [line.split(': ', 1)[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
      )
      return {
        id: fields.get('id') ?? null,
        name: fields.get('event') ?? '',
        data: JSON.parse(fields.get('data') ?? '{}'),
      }
    })
}
