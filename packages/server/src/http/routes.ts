import type { HttpApp, RouteOptions } from './http-app.ts'
import { adminListKeysRoute } from './routes/admin-list-keys.ts'
import { adminRevokeKeyRoute } from './routes/admin-revoke-key.ts'
import { adminRotateKeysRoute } from './routes/admin-rotate-keys.ts'
import { changePasswordRoute } from './routes/change-password.ts'
import { deleteAccountRoute } from './routes/delete-account.ts'
import { endSessionRoute } from './routes/end-session.ts'
import { healthRoutes } from './routes/health.ts'
import { homeRoute } from './routes/home.ts'
import { introspectTokenRoute } from './routes/introspect-token.ts'
import { jwksRoute } from './routes/jwks.ts'
import { listSessionsRoute } from './routes/list-sessions.ts'
import { loginRoute } from './routes/login.ts'
import { logoutAllRoute } from './routes/logout-all.ts'
import { logoutRoute } from './routes/logout.ts'
import { metadataRoute } from './routes/metadata.ts'
import { readAccountRoute } from './routes/read-account.ts'
import { refreshRoute } from './routes/refresh.ts'
import { registerRoute } from './routes/register.ts'
import { revocationsRoute } from './routes/revocations.ts'
import { revokeTokenRoute } from './routes/revoke-token.ts'
import { updateAccountRoute } from './routes/update-account.ts'

/** Every route there is, in the order of a session's life. */
export function addRoutes(app: HttpApp, options: RouteOptions): void {
  registerRoute(app, options)
  loginRoute(app, options)
  refreshRoute(app, options)
  logoutRoute(app, options)
  logoutAllRoute(app, options)

  readAccountRoute(app, options)
  updateAccountRoute(app, options)
  deleteAccountRoute(app, options)
  changePasswordRoute(app, options)
  listSessionsRoute(app, options)
  endSessionRoute(app, options)

  revocationsRoute(app, options)
  revokeTokenRoute(app, options)
  introspectTokenRoute(app, options)

  jwksRoute(app, options)
  metadataRoute(app, options)
  healthRoutes(app, options)
  homeRoute(app)

  if (options.config.adminApi) addAdminRoutes(app, options)
}

/** What runs a server can be told to do over HTTP only where the operator wants it (LA-05). */
function addAdminRoutes(app: HttpApp, options: RouteOptions): void {
  adminListKeysRoute(app, options)
  adminRotateKeysRoute(app, options)
  adminRevokeKeyRoute(app, options)
}
