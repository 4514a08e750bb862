import { generateKey, generateKeyPair } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { isAlgorithm, traitsOf } from './algorithms.ts'
import { PolicyError } from './errors.ts'
import { importSigningKey } from './import.ts'
import { MIN_RSA_MODULUS_BITS } from './key-strength.ts'
import type { SigningKey } from './keys.ts'

export interface GenerateOptions {
  /** Default: the RFC 7638 thumbprint; an HMAC secret has no default name. */
  readonly kid?: string
  /** RSA only, in bits, at least 2048. Default 2048. */
  readonly modulusLength?: number
}

/** Generates a key on the thread pool: RSA takes up to seconds of CPU. HMAC secrets are as long as their hash. */
export async function generateSigningKey(alg: Algorithm, options: GenerateOptions = {}): Promise<SigningKey> {
  if (!isAlgorithm(alg)) throw new PolicyError('alg is not an algorithm of this engine')
  const { kid, modulusLength = MIN_RSA_MODULUS_BITS } = options
  return importSigningKey(await generate(alg, modulusLength), { alg, kid })
}

function generate(alg: Algorithm, modulusLength: number): Promise<KeyObject> {
  const traits = traitsOf(alg)
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: KeyObject): void => (error ? reject(error) : resolve(key))
    const donePair = (error: Error | null, _: KeyObject, key: KeyObject): void => done(error, key)
    if (traits.family === 'hmac') generateKey('hmac', { length: traits.hashBytes * 8 }, done)
    else if (traits.family === 'rsa') generateKeyPair('rsa', { modulusLength }, donePair)
    else if (traits.family === 'ec') generateKeyPair('ec', { namedCurve: traits.crv }, donePair)
    else generateKeyPair('ed25519', {}, donePair)
  })
}
