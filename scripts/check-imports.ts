import { join } from 'node:path'
import { checkImports } from './imports/check.ts'
import { drawFolders } from './imports/draw.ts'
import { readImportGraph } from './imports/graph.ts'
import { RULES } from './imports/rules.ts'

/** `npm run check:imports`: draws who imports whom, and names every import that goes against an arrow. */
const root = join(import.meta.dirname, '..')
const graph = readImportGraph(root)
const findings = checkImports(root, graph, RULES)

console.log(drawFolders(graph))
for (const finding of findings) console.log(`✖ ${finding}`)
console.log(
  findings.length === 0
    ? `${graph.files.length} files, ${graph.packages.length} packages, no circle, no arrow crossed`
    : `${findings.length} found`,
)
process.exitCode = findings.length === 0 ? 0 : 1
