import type { PackedPackage } from './pack.ts'

const REQUIRED = ['README.md', 'LICENSE', 'package.json']

const UNWANTED: readonly { readonly files: RegExp; readonly because: string }[] = [
  { files: /(?<!\.d)\.[cm]?tsx?$/, because: 'TypeScript source: the package runs what was built' },
  { files: /\.(test|fuzz|bench)\./, because: 'a test' },
  { files: /(^|\/)(test-[^/]*$|contract[./])/, because: 'only for tests' },
  { files: /(^|\/)(test|tests|testing|fixtures|corpus)\//, because: 'only for tests' },
  { files: /\.tsbuildinfo$/, because: 'a note of the compiler to itself' },
  { files: /(^|\/)tsconfig[^/]*\.json$/, because: 'a setting of the compiler' },
  { files: /(^|\/)\.(env|npmrc)[^/]*$/, because: 'a setting of one machine' },
  { files: /\.(db|sqlite|pem|key)$/, because: 'data of one machine' },
]

/** What is in a package that should not be, and what is missing. */
export function checkContents({ name, contents }: Pick<PackedPackage, 'name' | 'contents'>): readonly string[] {
  const missing = REQUIRED.filter((file) => !contents.includes(file)).map((file) => `${name} is packed without ${file}`)
  const unwanted = contents.flatMap((path) =>
    UNWANTED.filter(({ files }) => files.test(path)).map(({ because }) => `${name} is packed with ${path}: ${because}`),
  )
  return [...missing, ...unwanted]
}
