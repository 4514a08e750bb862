/** The primes that tell a ROCA modulus apart (Nemec et al., CCS 2017, §3.3); 65537 generates a small group modulo each. */
const PRIMES = [3, 5, 7, 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map(BigInt)
const GENERATOR = 65537n

const SUBGROUPS: readonly { readonly prime: bigint; readonly members: ReadonlySet<bigint> }[] = PRIMES.map((prime) => ({
  prime,
  members: subgroup(prime),
}))

/**
 * Says whether an RSA modulus has the fingerprint of the Infineon library's factorable keys (CVE-2017-15361).
 *
 * About one sound modulus in 2^27 has it by chance and is refused too.
 */
export function hasRocaFingerprint(modulus: bigint): boolean {
  return SUBGROUPS.every(({ prime, members }) => members.has(modulus % prime))
}

function subgroup(prime: bigint): Set<bigint> {
  const members = new Set<bigint>()
  for (let power = 1n; !members.has(power); power = (power * GENERATOR) % prime) members.add(power)
  return members
}
