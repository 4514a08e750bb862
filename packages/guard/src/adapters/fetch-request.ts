import type { GuardRequest } from '../request.ts'

/** A request of the Fetch standard; its headers join repeated lines by themselves. */
export class FetchRequest implements GuardRequest {
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#request.url
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }
}
