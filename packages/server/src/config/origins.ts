import type { Config } from './schema.ts'

/** Where a value came from. */
export type ValueOrigin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file' }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'code' }

const ORIGINS = new WeakMap<Config, ReadonlyMap<string, ValueOrigin>>()

/** Notes where a configuration's values came from, beside it and not in it: two equal configurations stay equal. */
export function rememberOrigins(config: Config, origins: ReadonlyMap<string, ValueOrigin>): Config {
  ORIGINS.set(config, origins)
  return config
}

/** A configuration that was not made by `loadConfig` was written in code. */
export function originOf(config: Config, name: string): ValueOrigin {
  return ORIGINS.get(config)?.get(name) ?? { kind: 'code' }
}
