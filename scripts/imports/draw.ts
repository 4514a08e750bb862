import type { ImportGraph } from './graph.ts'

/** The graph folder by folder, one line each: `server/http → guard, protocol, server/domain, server/flows`. */
export function drawFolders(graph: ImportGraph): string {
  const arrows = new Map<string, Set<string>>()
  for (const { path, imports } of graph.files) {
    if (path.endsWith('.test.ts')) continue
    const from = folderOf(path)
    const to = arrows.get(from) ?? new Set()
    arrows.set(from, to)
    for (const { target } of imports) {
      if (target?.startsWith('packages/') === true && folderOf(target) !== from) to.add(folderOf(target))
    }
  }
  return [...arrows]
    .filter(([, to]) => to.size > 0)
    .map(([from, to]) => `  ${from} → ${[...to].toSorted().join(', ')}`)
    .join('\n')
}

/** `packages/server/src/http/routes/login.ts` → `server/http`; a file right in `src` stands for its package. */
function folderOf(path: string): string {
  const [, name = '', , layer = '', ...rest] = path.split('/')
  return rest.length === 0 ? name : `${name}/${layer}`
}
