import { existsSync, readdirSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { findCircles } from './circles.ts'
import type { Import, ImportGraph, SourceFile } from './graph.ts'
import { isForTests, type MayNotReach, type Rule } from './rules.ts'

/** What is wrong, one sentence that starts with the file and, where there is one, its line. */
export type Finding = string

/** Holds a tree of packages to the rules, and to what needs no rule: no circle, no dead import, one `index.ts` each. */
export function checkImports(root: string, graph: ImportGraph, rules: readonly Rule[]): readonly Finding[] {
  return [
    ...findCircles(graph).map((circle) => `${circle.join(' → ')}: a circle of imports`),
    ...graph.files.flatMap((file) => checkShape(file, graph)),
    ...rules.flatMap((rule) => checkRule(root, graph, rule)),
  ]
}

function checkShape(file: SourceFile, graph: ImportGraph): readonly Finding[] {
  const findings: Finding[] = []
  const home = packageOf(file.path)
  if (/\/index\.[a-z]+$/.test(file.path) && file.path !== `${home}/src/index.ts`) {
    findings.push(`${file.path}: a package has one index.ts, its public surface`)
  }
  for (const one of file.imports) {
    const { specifier, target } = one
    if (target === null) {
      findings.push(
        found(
          file,
          one,
          specifier === '(computed)' ? 'its name is computed: nobody can follow it' : 'nothing is there',
        ),
      )
    } else if (specifier.startsWith('.') && packageOf(target) !== home) {
      findings.push(found(file, one, 'another package is imported by its name'))
    } else if (!isTest(file.path) && isOwnSurface(specifier, target, home, graph)) {
      findings.push(found(file, one, 'inside a package, import the file that defines it'))
    }
  }
  return findings
}

function isOwnSurface(specifier: string, target: string, home: string, graph: ImportGraph): boolean {
  if (target === `${home}/src/index.ts`) return true
  return (
    !specifier.startsWith('.') && graph.packages.some(({ folder }) => folder === home && packageOf(target) === home)
  )
}

function checkRule(root: string, graph: ImportGraph, rule: Rule): readonly Finding[] {
  if ('holdsOnly' in rule) {
    return entriesOf(join(root, rule.folder))
      .filter((name) => !rule.holdsOnly.includes(name) && !isTest(name))
      .map((name) => `${rule.folder}/${name}: ${rule.because}`)
  }
  if ('mayDependOn' in rule) {
    const names = graph.packages.find(({ folder }) => folder === rule.package)?.dependencies ?? []
    return names
      .filter((name) => !rule.mayDependOn.includes(name))
      .map((name) => `${rule.package}/package.json depends on ${name}: ${rule.because}`)
  }
  if ('mayNotReach' in rule) return checkReach(graph, rule)
  if ('mayNotSay' in rule) {
    return sourcesHeldBy(graph, rule).flatMap((file) =>
      rule.mayNotSay.flatMap((words) => linesSaying(file, words).map((where) => `${where}: ${rule.because}`)),
    )
  }
  if ('aloneMayImport' in rule) {
    const others = sourcesHeldBy(graph, { files: rule.within, except: [rule.files] })
    const mayNameTypes = (file: SourceFile): boolean => matchesAny(file.path, rule.typesAlsoIn ?? [])
    return others.flatMap((file) =>
      refusedImports(
        [file],
        ({ target, typeOnly }) => matchesAny(target, rule.aloneMayImport) && !(typeOnly && mayNameTypes(file)),
        rule.because,
      ),
    )
  }
  const isRefused = ({ target, typeOnly }: Import): boolean =>
    matchesAny(target, rule.among) &&
    !matchesAny(target, rule.mayImportOnly) &&
    !(typeOnly && matchesAny(target, rule.orTypesOf ?? []))
  return refusedImports(sourcesHeldBy(graph, rule), isRefused, rule.because)
}

interface Held {
  readonly files: string
  readonly except?: readonly string[]
  readonly testsToo?: true
}

function sourcesHeldBy(graph: ImportGraph, { files, except = [], testsToo }: Held): readonly SourceFile[] {
  return graph.files.filter(
    ({ path }) => matches(path, files) && !matchesAny(path, except) && (testsToo === true || !isTest(path)),
  )
}

function refusedImports(
  files: readonly SourceFile[],
  isRefused: (one: Import) => boolean,
  because: string,
): readonly Finding[] {
  return files.flatMap((file) => file.imports.filter(isRefused).map((one) => found(file, one, because)))
}

/** Walks what is left at run time, so a type does not count. */
function checkReach(graph: ImportGraph, rule: MayNotReach): readonly Finding[] {
  const byPath = new Map(graph.files.map((file) => [file.path, file]))
  const queue = new Map(sourcesHeldBy(graph, rule).map((file) => [file.path, [file.path]]))
  const findings: Finding[] = []
  for (const [path, way] of queue) {
    for (const { target, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (typeOnly || target === null) continue
      if (matchesAny(target, rule.mayNotReach)) findings.push(`${[...way, target].join(' → ')}: ${rule.because}`)
      else if (!queue.has(target)) queue.set(target, [...way, target])
    }
  }
  return findings
}

function linesSaying(file: SourceFile, words: RegExp): readonly string[] {
  return file.code.split('\n').flatMap((line, index) => {
    const said = words.exec(line)
    return said === null ? [] : [`${file.path}:${index + 1} says ${said[0].trim()}`]
  })
}

function found(file: SourceFile, { line, specifier, target }: Import, because: string): Finding {
  return `${file.path}:${line} imports ${target ?? specifier}: ${because}`
}

function isTest(path: string): boolean {
  return isForTests(path, matches)
}

function matchesAny(target: string | null, patterns: readonly string[]): boolean {
  return target !== null && patterns.some((pattern) => matches(target, pattern))
}

function matches(target: string, pattern: string): boolean {
  return matchesGlob(target, pattern)
}

/** `packages/jwt/src/sign.ts` → `packages/jwt` */
function packageOf(path: string): string {
  return path.split('/', 2).join('/')
}

function entriesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
