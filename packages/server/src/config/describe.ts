import { originOf } from './origins.ts'
import type { ValueOrigin } from './origins.ts'
import { SETTINGS } from './schema.ts'
import type { Config, Setting, SettingName } from './schema.ts'
import { REDACTED, Secret } from './secret.ts'

/** Every setting on a line: variable, value, and where it came from. Secrets print as `[redacted]`. */
export function describeConfig(config: Config): string {
  const rows = Object.entries<Setting<unknown>>(SETTINGS).map(([name, row]) => {
    const value = config[name as SettingName]
    return [row.env, printed(value, row), printedOrigin(originOf(config, name), value)] as const
  })
  const width = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length))
  const [first, second] = [width(0), width(1)]
  return rows.map(([env, value, origin]) => `${env.padEnd(first)}  ${value.padEnd(second)}  ${origin}`).join('\n')
}

function printed(value: unknown, row: Setting<unknown>): string {
  if (value === null) return '(none)'
  if (row.secret === true || value instanceof Secret) return REDACTED
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(',')
  return String(value)
}

function printedOrigin(origin: ValueOrigin, value: unknown): string {
  if (origin.kind === 'environment') return `from ${origin.variable}`
  if (origin.kind === 'file') return 'from signet.config.json'
  return origin.kind === 'code' ? 'from code' : value === null ? 'not set' : 'default'
}
