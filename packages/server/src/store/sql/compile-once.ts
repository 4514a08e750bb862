import type { Compilable, CompiledQuery } from 'kysely'

/**
 * Makes a query that is built and compiled at its first use and afterwards only gets new values.
 *
 * `build` is called once, with placeholders in place of values: it must not look at them, nor leave parts of the query
 * out depending on them.
 */
export function compileOnce<Values extends object, Row>(
  build: (values: Values) => Compilable<Row>,
): (values: Values) => CompiledQuery<Row> {
  let template: CompiledQuery<Row> | undefined
  return (values) => {
    template ??= build(placeholders<Values>()).compile()
    const { query, queryId, sql } = template
    return { query, queryId, sql, parameters: template.parameters.map((parameter) => valueOf(parameter, values)) }
  }
}

/** The named members, for the values of an INSERT: placeholders cannot be listed, so names are. */
export function pick<Row, Name extends keyof Row>(row: Row, names: readonly Name[]): Pick<Row, Name> {
  return Object.fromEntries(names.map((name) => [name, row[name]])) as Pick<Row, Name>
}

class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

function placeholders<Values extends object>(): Values {
  return new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as Values
}

function valueOf(parameter: unknown, values: object): unknown {
  return parameter instanceof Placeholder ? Reflect.get(values, parameter.name) : parameter
}
