import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { FeedSink } from '../feed/reader.ts'

/**
 * Takes an answer over from Fastify and begins it as an event stream, with the headers set so far.
 *
 * Proxies are asked to pass on each event at once (`X-Accel-Buffering`, `no-transform`). The connection is the stream's:
 * it has no idle time-out, which heartbeats might be too slow for, and ends with it.
 */
export function openEventStream(reply: FastifyReply): FeedSink {
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string | number | string[]>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    connection: 'close',
  })
  response.flushHeaders()
  response.socket?.setTimeout(0).setKeepAlive(true, KEEP_ALIVE_MILLISECONDS)
  return {
    write: (bytes) => void response.write(bytes),
    bufferedBytes: () => response.writableLength,
    drained: () => drained(response),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  }
}

const KEEP_ALIVE_MILLISECONDS = 30_000

function drained(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain || response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle)
      resolve()
    }
    response.on('drain', settle).on('close', settle)
  })
}
