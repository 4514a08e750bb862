import type { HttpApp } from '../http-app.ts'

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Signet</title></head>
<body>
<h1>Signet</h1>
<p>This is an auth server.</p>
<ul>
<li><a href="/docs">The API, to read and to try</a></li>
<li><a href="/openapi.json">Its OpenAPI description</a></li>
<li><a href="/.well-known/oauth-authorization-server">Metadata</a></li>
<li><a href="/.well-known/jwks.json">Public keys</a></li>
</ul>
</body>
</html>
`

/** For the person who opens the address in a browser. */
export function homeRoute(app: HttpApp): void {
  app.route({
    method: 'GET',
    url: '/',
    schema: { hide: true },
    handler: async (_request, reply) => {
      return reply.header('content-type', 'text/html; charset=utf-8').send(PAGE)
    },
  })
}
