// Runs Signet's engine under conformance/corpus/run-corpus.mjs. The contract is in corpus/README.md.
//
// The corpus states a key and a list of allowed algorithms; Signet wants a key that carries exactly one. Where a key names no
// algorithm itself, each allowed algorithm that the key can serve is tried as a policy of its own, in the order given.
import manifest from '../packages/jwt/package.json' with { type: 'json' }

// From source where Node can read it (24, 26), else from the build. By path, so that no resolution condition is needed.
const engine = process.features.typescript ? { folder: 'src', ending: 'ts' } : { folder: 'dist', ending: 'js' }
const load = (file) => import(`../packages/jwt/${engine.folder}/${file}.${engine.ending}`)
const {
  ACCEPT_LEGACY_EDDSA,
  createVerifier,
  importJwkSet,
  importVerificationKey,
  JwtError,
  PolicyError,
  thumbprint: thumbprintOf,
  UNCHECKED_AUDIENCE,
  UNCHECKED_ISSUER,
} = await load('index')
const { createCompactOpener } = await load('compact')
const { verificationMaterialOf } = await load('keys')
const { readPolicy } = await load('policy')
const { verifySignature } = await load('signatures')

export const name = '@signet/jwt'
export const { version } = manifest

/** What the engine leaves out, on purpose. Cases that need one of these are counted as not applicable. */
export const unsupported = new Set([
  // secp256k1 is no NIST or CFRG curve, few services use it for tokens, and FIPS builds of OpenSSL lack it
  'alg:ES256K',
  // RFC 9864 registers it, but no mainstream issuer signs with it and browsers lack it; Ed25519 is the one Edwards curve
  'alg:Ed448',
])

export function verify(token, options) {
  return firstAccepted(options, (policy) => {
    const { header, claims } = verifierFor(options, policy).verify(token)
    // the corpus lists header names, and counts EdDSA and Ed25519 as two
    if (!options.algorithms.includes(header.alg)) throw new JwtError('algorithm_not_allowed', 'alg is not allowed')
    return claims
  })
}

export function verifyJws(token, options) {
  const anybody = { issuer: UNCHECKED_ISSUER, audience: UNCHECKED_AUDIENCE }
  return firstAccepted(options, ({ algorithms, keys }) => {
    const crit = options.understoodCrit === undefined ? {} : { understoodCrit: options.understoodCrit }
    const open = createCompactOpener(
      readPolicy({ ...anybody, ...crit, ...currentNames(algorithms), keys, maxTokenBytes: MAX_TOKEN_BYTES }),
    )
    const { payload, payloadLength } = open(token)
    return new Uint8Array(payload.view(payloadLength))
  })
}

export function verifyRaw({ alg, key, data, signature }) {
  const [algorithm] = currentNames([alg]).algorithms
  const imported = importVerificationKey(key.pem ?? key, { alg: algorithm })
  if (verifySignature(verificationMaterialOf(imported), data, signature)) return true
  throw new JwtError('signature_invalid', 'the signature does not verify')
}

export const thumbprint = (jwk) => thumbprintOf(jwk)

/** A refused token or key is a JwtError; a policy that makes no sense is a PolicyError when the verifier is made. */
export const isCleanError = (error) => error instanceof JwtError || error instanceof PolicyError

/** The corpus has valid tokens beyond the default limit of 16 KiB. */
const MAX_TOKEN_BYTES = 262_144

/** Tries the policies that an operator with this key and this list could have written. */
function firstAccepted(options, attempt) {
  let refusal
  for (const policy of policies(options)) {
    try {
      return attempt(policy)
    } catch (error) {
      refusal = mostTelling(refusal, error)
    }
  }
  throw refusal
}

function mostTelling(known, next) {
  return known === undefined || known.code === 'algorithm_not_allowed' ? next : known
}

function* policies({ key, algorithms }) {
  if (isKeySet(key)) {
    yield { algorithms, keys: importJwkSet(key) }
    return
  }
  const current = currentNames(algorithms).algorithms
  if (key?.alg !== undefined || current.length === 0) {
    const keys = importVerificationKey(key, current.length === 1 ? { alg: current[0] } : {})
    yield { algorithms, keys }
    return
  }
  for (const alg of current) {
    yield {
      algorithms,
      // read inside the attempt, so that a key which does not fit this algorithm only rules out this policy
      get keys() {
        return importVerificationKey(key, { alg })
      },
    }
  }
}

const isKeySet = (key) => typeof key === 'object' && key !== null && 'keys' in key

/** The corpus uses the name that RFC 9864 has replaced. */
function currentNames(algorithms) {
  const hasLegacyName = Array.isArray(algorithms) && algorithms.includes('EdDSA')
  if (!hasLegacyName) return { algorithms }
  return { algorithms: algorithms.map((alg) => (alg === 'EdDSA' ? 'Ed25519' : alg)), acceptEdDSA: ACCEPT_LEGACY_EDDSA }
}

/** Verifiers are made once and used for all cases with the same policy, cache included, as a service would. */
const verifiers = new Map()

function verifierFor(options, policy) {
  const { clockTime, key, ...rest } = options
  const { keys } = policy
  const id = JSON.stringify([rest, key instanceof Uint8Array ? [...key] : key, keys.alg], (_, value) =>
    Object.is(value, Number.NaN) ? 'NaN' : value,
  )
  let entry = verifiers.get(id)
  if (entry === undefined) {
    const clock = { time: undefined }
    const now = () => (clock.time === undefined ? Math.floor(Date.now() / 1000) : clock.time)
    entry = { clock, verifier: createVerifier(verifierPolicy(rest, policy.algorithms, keys, now)) }
    verifiers.set(id, entry)
  }
  entry.clock.time = clockTime
  return entry.verifier
}

function verifierPolicy(options, algorithms, keys, now) {
  const { issuer = UNCHECKED_ISSUER, audience = UNCHECKED_AUDIENCE } = options
  const policy = { issuer, audience, keys, now, maxTokenBytes: MAX_TOKEN_BYTES, cache: { maxEntries: 64 } }
  const optional = {
    typ: options.typ,
    subject: options.subject,
    requiredClaims: options.requiredClaims,
    clockSkewSeconds: options.clockTolerance,
    maxTokenAgeSeconds: options.maxTokenAge,
    understoodCrit: options.understoodCrit,
  }
  for (const [option, value] of Object.entries(optional)) if (value !== undefined) policy[option] = value
  return { ...policy, ...currentNames(algorithms) }
}
