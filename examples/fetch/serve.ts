import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Serves a Fetch handler on Node, which has no server of that shape itself; Deno, Bun and workers do. Reads no request
 * bodies: the handlers of this example have none.
 */
export function serve(fetch: (request: Request) => Promise<Response>, port: number, onListening: () => void): void {
  createServer((req, res) => {
    answer(fetch, req, res).catch(() => res.writeHead(500).end())
  }).listen(port, onListening)
}

async function answer(
  fetch: (request: Request) => Promise<Response>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const request = toRequest(req)
  if (request === undefined) {
    res.writeHead(400).end()
    return
  }
  const response = await fetch(request)
  res.writeHead(response.status, [...response.headers].flat())
  res.end(Buffer.from(await response.arrayBuffer()))
}

/** `undefined` for what Fetch cannot express: methods such as TRACE, hosts and targets that make no URL. */
function toRequest(req: IncomingMessage): Request | undefined {
  try {
    const headers = new Headers()
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      headers.append(req.rawHeaders[i] ?? '', req.rawHeaders[i + 1] ?? '')
    }
    return new Request(`http://${req.headers.host}${req.url}`, { method: req.method ?? 'GET', headers })
  } catch {
    return undefined
  }
}
