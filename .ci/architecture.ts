import { dirname, join, normalize } from 'node:path/posix'
import { parseSync, Visitor } from 'vite'

/** The floors of the house, lowest first: a file imports from floors below its own, or from its own folder. */
const floors: readonly (readonly string[])[] = [
  ['errors'],
  ['types'],
  ['config'],
  ['expr', 'storage'],
  ['plan', 'format'],
  ['sql', 'scan', 'write'],
  ['engine', 'lake'],
  ['load', 'frame'],
  ['rpc'],
  ['entity', 'connect'],
  ['index', 'functions', 'testing'],
  ['edge', 'cli'],
]

/** Interfaces whose implementer is decided in `connect.ts`: their types may be imported from anywhere. */
const interfaces: readonly string[] = [
  'src/engine/engine.ts',
  'src/frame/executor.ts',
  'src/storage/storage.ts',
  'src/scan/source.ts',
  'src/write/write-task.ts',
  'src/lake/lake-calls.ts',
  'src/lake/catalog/catalog.ts',
]

/** Floors with a narrower view than their height: the folders they may take values from. */
const narrowFloors: Readonly<Record<string, readonly string[]>> = { rpc: ['errors', 'types'] }

const entryFiles = /^src\/((index|functions|loaders|testing|mosaic)\.ts|edge\/[^/]+\.ts|cli\/main\.ts)$|^worker\//
const emptyNames = /^(utils?|helpers?|common|shared|misc|lib)$/
const sniffing =
  /\bnavigator\.userAgent\b|\bprocess\.(versions|release|browser)\b|\btypeof (Deno|Bun|window)\b|\bglobalThis\.(Deno|Bun)\b/

/** A broken rule of `docs/architecture`: which file, and what is wrong there. */
export interface Violation {
  readonly rule: 1 | 2 | 3 | 4 | 5 | 6 | 7
  readonly file: string
  readonly text: string
}

/** One reference from a file to another module. */
interface Reference {
  readonly target: string
  readonly isType: boolean
}

interface ParsedFile {
  readonly path: string
  readonly code: string
  readonly body: readonly Node[]
  readonly comments: readonly { readonly type: string; readonly start: number; readonly end: number }[]
  readonly references: readonly Reference[]
}

type Node = ReturnType<typeof parseSync>['program']['body'][number]

function parse(path: string, code: string): ParsedFile {
  const { program, comments, module } = parseSync(path, code)
  const references: Reference[] = module.staticImports.map(({ moduleRequest, entries }) => ({
    target: moduleRequest.value,
    isType: entries.length > 0 && entries.every(({ isType }) => isType),
  }))
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest) references.push({ target: moduleRequest.value, isType })
    }
  }
  new Visitor({
    ImportExpression({ source }) {
      if (source.type === 'Literal' && typeof source.value === 'string') {
        references.push({ target: source.value, isType: false })
      }
    },
    TSImportType({ source }) {
      references.push({ target: source.value, isType: true })
    },
  }).visit(program)
  return { path, code, body: program.body, comments, references }
}

/** The folder or top-level file of `src` a path belongs to: `src/engine/x/y.ts` and `src/engine.ts` are both `engine`. */
const partOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.ts$/, '')

const floorOf = (part: string): number => floors.findIndex((parts) => parts.includes(part))

const resolvePath = (from: string, target: string): string => normalize(join(dirname(from), target))

/** The name of the package a specifier belongs to, or undefined for relative ones and the host's modules. */
const packageOf = (target: string): string | undefined =>
  target.startsWith('.') || target.startsWith('node:') || target.includes('\0')
    ? undefined
    : target.split('/', target.startsWith('@') ? 2 : 1).join('/')

function importOrder({ path, references }: ParsedFile): Violation[] {
  const part = partOf(path)
  if (floorOf(part) < 0) return [{ rule: 1, file: path, text: `"${part}" has no place in the order of imports` }]
  return references.flatMap(({ target, isType }): Violation[] => {
    if (!target.startsWith('.')) return []
    const resolved = resolvePath(path, target)
    if (resolved.startsWith('worker/')) return [{ rule: 3, file: path, text: `imports ${resolved}` }]
    if (!resolved.startsWith('src/'))
      return [{ rule: 1, file: path, text: `imports ${resolved}, which is outside of src` }]
    const other = partOf(resolved)
    if (other === part || (isType && interfaces.includes(resolved))) return []
    const narrow = isType ? undefined : narrowFloors[part]
    const mayImport = narrow ? narrow.includes(other) : floorOf(other) < floorOf(part)
    return mayImport ? [] : [{ rule: 1, file: path, text: `imports ${resolved}: "${other}" is not below "${part}"` }]
  })
}

function libraryHomes(files: readonly ParsedFile[]): Violation[] {
  const homes = new Map<string, Map<string, string>>()
  for (const { path, references } of files) {
    for (const { target } of references) {
      const name = packageOf(target)
      if (name === undefined) continue
      const folders = homes.get(name) ?? new Map<string, string>()
      homes.set(name, folders.set(path.startsWith('src/') ? partOf(path) : dirname(path), path))
    }
  }
  return [...homes].flatMap(([name, folders]): Violation[] =>
    folders.size < 2 ? [] : [{ rule: 2, file: [...folders.values()].join(', '), text: `each imports "${name}"` }],
  )
}

function barrel({ path, body }: ParsedFile): Violation[] {
  const folder = dirname(path)
    .split('/')
    .find((name) => emptyNames.test(name))
  if (folder !== undefined)
    return [{ rule: 4, file: path, text: `the folder "${folder}" says nothing of what is in it` }]
  if (entryFiles.test(path)) return []
  const isReexport = (node: Node): boolean =>
    node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && node.source !== null)
  return body.length > 0 && body.every(isReexport) ? [{ rule: 4, file: path, text: 'only re-exports other files' }] : []
}

function moduleState({ path, body, code }: ParsedFile): Violation[] {
  if (entryFiles.test(path)) return []
  const at = (node: { start: number }): string => `line ${code.slice(0, node.start).split('\n').length}`
  return body.flatMap((node): Violation[] => {
    if (node.type === 'ExpressionStatement')
      return [{ rule: 5, file: path, text: `${at(node)}: a side effect on import` }]
    const declaration = node.type === 'ExportNamedDeclaration' ? node.declaration : node
    if (declaration?.type !== 'VariableDeclaration' || declaration.declare === true) return []
    if (declaration.kind !== 'const')
      return [{ rule: 5, file: path, text: `${at(node)}: module-level "${declaration.kind}"` }]
    return declaration.declarations.flatMap(({ init }): Violation[] => {
      const isEmptyContainer =
        (init?.type === 'NewExpression' && /^(Map|Set)$/.test(nameOf(init.callee)) && init.arguments.length === 0) ||
        (init?.type === 'ArrayExpression' && init.elements.length === 0) ||
        (init?.type === 'ObjectExpression' && init.properties.length === 0)
      return isEmptyContainer
        ? [{ rule: 5, file: path, text: `${at(node)}: a module-level container to be filled` }]
        : []
    })
  })
}

const nameOf = (node: object): string => ('name' in node ? String(node.name) : '')

function hostSniffing({ path, code, comments }: ParsedFile): Violation[] {
  const found = sniffing.exec(blank(code, comments))
  return found ? [{ rule: 6, file: path, text: `asks for the host by name: "${found[0]}"` }] : []
}

/** The code with the given spans emptied, line breaks kept. */
function blank(code: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  let text = code
  for (const { start, end } of spans) {
    text = text.slice(0, start) + text.slice(start, end).replaceAll(/[^\n]/g, ' ') + text.slice(end)
  }
  return text
}

/** Lines of code: neither documentation, nor rows of a constant that is plain data, nor empty. */
export function countLines(path: string, code: string): number {
  const { body, comments } = parse(path, code)
  const docs = comments.filter(({ type, start }) => type === 'Block' && code.startsWith('/**', start))
  const tables = body.flatMap((node) => {
    const declaration = node.type === 'ExportNamedDeclaration' ? node.declaration : node
    if (declaration?.type !== 'VariableDeclaration') return []
    return declaration.declarations.flatMap(({ init }) => (init && isPlainData(init) ? [init] : []))
  })
  const text = blank(code, [...docs, ...tables])
  return text.split('\n').filter((line) => line.trim() !== '').length
}

/** Whether the expression is a constant that computes nothing: literals in lists and objects, frozen or typed. */
function isPlainData(node: object): boolean {
  if (!('type' in node)) return false
  const { type } = node
  if (type === 'Literal' || type === 'Identifier') return true
  if (type === 'TemplateLiteral' && 'expressions' in node) return (node.expressions as object[]).length === 0
  if (
    (type === 'TSAsExpression' || type === 'TSSatisfiesExpression' || type === 'UnaryExpression') &&
    'expression' in node
  )
    return isPlainData(node.expression as object)
  if (type === 'UnaryExpression' && 'argument' in node) return isPlainData(node.argument as object)
  if (type === 'ArrayExpression' && 'elements' in node)
    return (node.elements as (object | null)[]).every((element) => element === null || isPlainData(element))
  if (type === 'ObjectExpression' && 'properties' in node)
    return (node.properties as object[]).every(
      (property) => 'value' in property && isPlainData(property.value as object),
    )
  if ((type === 'CallExpression' || type === 'NewExpression') && 'callee' in node && 'arguments' in node) {
    const name = 'property' in (node.callee as object) ? 'freeze' : nameOf(node.callee as object)
    return /^(freeze|Set|Map)$/.test(name) && (node.arguments as object[]).every(isPlainData)
  }
  return false
}

function length({ path, code }: ParsedFile): Violation[] {
  const lines = countLines(path, code)
  return lines > 500 ? [{ rule: 7, file: path, text: `${lines} lines of code; 500 are the limit` }] : []
}

/**
 * Checks the rules of the architecture over the sources of `src/` and `worker/`, tests left out by the caller.
 * @param sources paths from the root of the repository, with forward slashes, and their text
 */
export function architectureViolations(sources: ReadonlyMap<string, string>): Violation[] {
  const files = [...sources].map(([path, code]) => parse(path, code))
  const inside = files.filter(({ path }) => path.startsWith('src/'))
  return [
    ...inside.flatMap(importOrder),
    ...libraryHomes(files),
    ...inside.flatMap(barrel),
    ...inside.flatMap(moduleState),
    ...files.flatMap(hostSniffing),
    ...files.flatMap(length),
  ]
}
