/** One thing wrong with the configuration. Never holds the value of a secret. */
export interface ConfigFault {
  /** The environment variable, or the member of the file or object, as the operator wrote it. */
  readonly variable: string
  /** What is wrong with it, in a sentence that follows the variable's name. */
  readonly problem: string
  /** A value that would do, or the command that makes one; `null` where only removing it helps. */
  readonly example: string | null
}

/** Everything that is wrong with the configuration, at once. `message` is made to be read by the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    super(messageOf(faults))
    this.faults = faults
  }
}

function messageOf(faults: readonly ConfigFault[]): string {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
  const lines = faults.map(({ variable, problem, example }) => {
    const hint = example === null ? '' : `\n    for example: ${example}`
    return `  ${variable} ${problem}${hint}`
  })
  return `The configuration has ${count}:\n${lines.join('\n')}`
}
