import { generateSigningKey } from '@signet/jwt'
import type { Algorithm } from '@signet/jwt'
import { printTable, printTargets, ratio, versionsOf, writeReport } from '../lib/report.ts'
import type { Table, Target } from '../lib/report.ts'
import { measure } from '../lib/rounds.ts'
import type { Contender, Measured, RoundOptions } from '../lib/rounds.ts'
import {
  FAST_JWT,
  fastJwtSign,
  fastJwtVerify,
  joseVerify,
  jsonwebtokenSign,
  jsonwebtokenVerify,
  makeSubject,
  OURS,
  ourSign,
  ourVerify,
  RAW,
  rawSign,
  rawVerify,
} from './contenders.ts'
import type { Subject } from './contenders.ts'

const VERIFY_TARGETS = { RS256: 0.88, PS256: 0.88, ES256: 0.92, Ed25519: 0.92, HS256: 0.75 } as const
const SIGN_TARGETS = { RS256: 0.95, PS256: 0.95, ES256: 0.95, Ed25519: 0.95 } as const
const HS256_OVER_FAST_JWT = 1.7
const CACHED_PER_SECOND = 2_000_000
const CACHED_OVER_FAST_JWT = 8

/** Distinct tokens; fewer than the peers' caches hold, so that a cached look-up is always a hit. */
const TOKENS = 512
const LONG: RoundOptions = { rounds: 1501, sampleMilliseconds: 0.5 }
const SHORT: RoundOptions = { rounds: 201, sampleMilliseconds: 0.5 }

/** Measures the engine. `--short` takes seconds and is for a look, not for a figure; `--only RS256,cached` picks parts. */
export async function run(args: readonly string[]): Promise<boolean> {
  const isShort = args.includes('--short')
  const options = isShort ? SHORT : LONG
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : undefined
  const isWanted = (part: string): boolean => only === undefined || only.includes(part)

  const tables: Table[] = []
  const targets: Target[] = []
  const measured = async (title: string, contenders: readonly (Contender | undefined)[]): Promise<Measured[]> => {
    const rows = await measure(
      contenders.filter((contender) => contender !== undefined),
      options,
    )
    tables.push({ title, rows })
    printTable({ title, rows })
    return rows
  }

  for (const alg of Object.keys(VERIFY_TARGETS) as (keyof typeof VERIFY_TARGETS)[]) {
    if (!isWanted(alg)) continue
    const subject = await subjectFor(alg)
    const rows = await measured(`verify ${alg}`, [
      rawVerify(subject),
      ourVerify(subject),
      fastJwtVerify(subject, false),
      joseVerify(subject),
      jsonwebtokenVerify(subject),
    ])
    targets.push(share(`verify ${alg}, share of the raw check`, ratio(rows, OURS, RAW), VERIFY_TARGETS[alg]))
    if (alg === 'HS256') {
      targets.push(share('verify HS256, over fast-jwt', ratio(rows, OURS, FAST_JWT), HS256_OVER_FAST_JWT))
    }
  }

  for (const alg of Object.keys(SIGN_TARGETS) as (keyof typeof SIGN_TARGETS)[]) {
    if (!isWanted(alg)) continue
    const subject = await subjectFor(alg)
    const rows = await measured(`sign ${alg}`, [
      rawSign(subject),
      ourSign(subject),
      fastJwtSign(subject),
      jsonwebtokenSign(subject),
    ])
    targets.push(share(`sign ${alg}, share of the raw signature`, ratio(rows, OURS, RAW), SIGN_TARGETS[alg]))
  }

  if (isWanted('cached')) {
    const subject = await subjectFor('RS256')
    const limits = { maxEntries: TOKENS * 4 }
    const rows = await measured('verify RS256 with the verified-token cache', [
      ourVerify(subject, limits),
      fastJwtVerify(subject, TOKENS * 4),
    ])
    const perSecond = rows[0]?.perSecond ?? 0
    targets.push({ name: 'verify with cache', atLeast: CACHED_PER_SECOND, value: perSecond, unit: '/s' })
    targets.push(
      share('verify with cache, over fast-jwt', ratio(rows, OURS, `${FAST_JWT} cached`), CACHED_OVER_FAST_JWT),
    )
  }

  const isReached = printTargets(targets)
  const versions = await versionsOf(['fast-jwt', 'jose', 'jsonwebtoken'])
  if (!isShort && only === undefined) {
    await writeReport({ name: 'jwt', versions, settings: { ...options, tokens: TOKENS }, tables, targets })
  }
  return isReached
}

async function subjectFor(alg: Algorithm): Promise<Subject> {
  return makeSubject(alg, await generateSigningKey(alg), TOKENS)
}

function share(name: string, value: number, atLeast: number): Target {
  return { name, atLeast, value, unit: '×' }
}
