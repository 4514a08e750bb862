import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { HttpApp } from './http-app.ts'

/**
 * Says once when requests come through a proxy that the configuration does not name.
 *
 * Nothing unsafe follows, since the proxy's word is not believed; but everybody then has the proxy's address, and
 * whoever fails too often closes the login for all of them.
 */
export function warnOfUnnamedProxy(app: HttpApp, config: Pick<Config, 'trustedProxies'>, log: Logger): void {
  if (config.trustedProxies.length > 0) return
  let isSaid = false
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isSaid && request.headers['x-forwarded-for'] !== undefined) {
      isSaid = true
      log.warn(
        { address: request.socket.remoteAddress },
        'requests come through a proxy that SIGNET_TRUSTED_PROXIES does not name: all of them count as one address',
      )
    }
    done()
  })
}
