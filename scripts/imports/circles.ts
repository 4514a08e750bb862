import type { ImportGraph } from './graph.ts'

/**
 * One shortest circle through each file that lies on one, types included; each circle is given once, its
 * alphabetically first file at both ends.
 */
export function findCircles(graph: ImportGraph): readonly (readonly string[])[] {
  const importsOf = new Map(graph.files.map((file) => [file.path, file.imports.flatMap(({ target }) => target ?? [])]))
  const circles = new Map<string, readonly string[]>()
  for (const { path } of graph.files) {
    const circle = shortestWayBack(path, importsOf)
    if (circle !== null) circles.set(circle.toSorted().join(), rotated(circle))
  }
  return [...circles.values()]
}

/** The files from `start` to the one that imports `start`, or `null`. */
function shortestWayBack(start: string, importsOf: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const cameFrom = new Map<string, string | null>([[start, null]])
  // A Map keeps the order of insertion, so iterating while adding is the queue of a breadth-first search.
  for (const [file] of cameFrom) {
    for (const next of importsOf.get(file) ?? []) {
      if (next === start) return wayTo(file, cameFrom)
      if (!cameFrom.has(next)) cameFrom.set(next, file)
    }
  }
  return null
}

function wayTo(file: string, cameFrom: ReadonlyMap<string, string | null>): readonly string[] {
  const before = cameFrom.get(file) ?? null
  return before === null ? [file] : [...wayTo(before, cameFrom), file]
}

function rotated(circle: readonly string[]): readonly string[] {
  const first = circle.indexOf(circle.toSorted()[0] ?? '')
  const turned = [...circle.slice(first), ...circle.slice(0, first)]
  return [...turned, ...turned.slice(0, 1)]
}
