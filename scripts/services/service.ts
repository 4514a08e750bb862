/** Something outside this repository that tests want running: a database, a browser, another implementation. */
export interface Service {
  /** As a person calls it: `PyJWT`, `PostgreSQL`. */
  readonly name: string
  /** Resolves to the running service, or to why there is none. Rejects with `BadSetting` only. */
  bringUp(): Promise<RunningService | MissingService>
}

export interface RunningService {
  readonly kind: 'running'
  /** Where it was found, for the line that says so. */
  readonly where: string
  /** Variables that tests read to reach it. Not `SIGNET_…`: a server started by a test would take them for settings. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export interface MissingService {
  readonly kind: 'missing'
  /** What each way of finding it said, in order. */
  readonly reasons: readonly string[]
  /** What a person can do about it: `install X or set Y`. */
  readonly remedy: string
}

export interface ServiceDefinition<Location> {
  readonly name: string
  readonly remedy: string
  /**
   * The variable that names a ready one; when it is set nothing else is tried; `start` rejects with `BadSetting`
   * when it does not work.
   * Resolves to `null` when the variable is not set.
   */
  readonly given: () => Promise<Location | null>
  /** Tried in order until one resolves; each rejects with `NotHere` and a reason that reads well in a list. */
  readonly locate: readonly (() => Promise<Location>)[]
  readonly start: (location: Location) => Promise<Omit<RunningService, 'kind'>>
}

/** Why a way of finding a service led nowhere. Any other error is a fault of ours and is not swallowed. */
export class NotHere extends Error {
  override readonly name = 'NotHere'
}

/** A variable names a service that does not work: the one who set it must hear so. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting'
}

export function defineService<Location>(definition: ServiceDefinition<Location>): Service {
  return {
    name: definition.name,
    async bringUp() {
      const given = await definition.given()
      if (given !== null) return { kind: 'running', ...(await definition.start(given)) }
      const reasons: string[] = []
      for (const locate of definition.locate) {
        try {
          return { kind: 'running', ...(await definition.start(await locate())) }
        } catch (error) {
          if (!(error instanceof NotHere)) throw error
          reasons.push(error.message)
        }
      }
      return { kind: 'missing', reasons, remedy: definition.remedy }
    },
  }
}
