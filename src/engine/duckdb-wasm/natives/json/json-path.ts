/** One step from a value to those below it. */
export type PathStep =
  | { readonly kind: 'key'; readonly key: Uint8Array }
  | { readonly kind: 'index'; readonly index: number; readonly isFromBack: boolean }
  /** Every member of an object, every element of an array. */
  | { readonly kind: 'members' | 'elements' }
  /** The value itself and all below it, at every depth. */
  | { readonly kind: 'descendants' }

/** A path, compiled: a JSON pointer, or steps. */
export type JsonPath =
  | { readonly kind: 'pointer'; readonly text: string }
  | { readonly kind: 'steps'; readonly steps: readonly PathStep[]; readonly isWild: boolean }

const encoder = new TextEncoder()

/**
 * Compiles a path as DuckDB reads it: `$.a[0]."b c"[-1][#-1]`, with wildcards `.*`, `[*]`, `..key` and `.**`; `/a/0`; a bare key. An empty
 * path is the value itself.
 */
export function compileJsonPath(text: string, isIndex: boolean): JsonPath {
  if (text === '') return { kind: 'steps', steps: [], isWild: false }
  if (isIndex) return compileSteps(`$[${text}]`)
  if (text.startsWith('/')) return { kind: 'pointer', text }
  if (text.startsWith('$')) return compileSteps(text)
  return text.includes('"') ? { kind: 'pointer', text: `/${text}` } : compileSteps(`$."${text}"`)
}

function compileSteps(path: string): JsonPath {
  const steps: PathStep[] = []
  let at = 1
  while (at < path.length) {
    const taken =
      path[at] === '.' ? takeKey(path, at + 1, steps) : path[at] === '[' ? takeIndex(path, at + 1, steps) : -1
    if (taken < 0) throw new Error(`JSON path error near '${path.slice(at)}'`)
    at = taken
  }
  return { kind: 'steps', steps, isWild: steps.some(({ kind }) => kind !== 'key' && kind !== 'index') }
}

/** Reads what follows a dot; answers where it ends, or -1. */
function takeKey(path: string, start: number, steps: PathStep[]): number {
  let at = start
  if (path.startsWith('**', at) || path.startsWith('.*', at)) {
    steps.push({ kind: 'descendants' })
    return at + 2
  }
  if (path.startsWith('.[', at)) {
    steps.push({ kind: 'descendants' })
    return at + 1
  }
  if (path[at] === '.') {
    steps.push({ kind: 'descendants' })
    at++
  }
  if (path[at] === '*') {
    steps.push({ kind: 'members' })
    return at + 1
  }
  const [key, end] = path[at] === '"' ? quotedKey(path, at + 1) : bareKey(path, at)
  if (end < 0) return -1
  steps.push(key === '*' ? { kind: 'members' } : { kind: 'key', key: encoder.encode(key) })
  return end
}

function bareKey(path: string, start: number): [key: string, end: number] {
  let end = start
  while (end < path.length && path[end] !== '.' && path[end] !== '[') end++
  return end === start ? ['', -1] : [path.slice(start, end), end]
}

function quotedKey(path: string, start: number): [key: string, end: number] {
  let key = ''
  for (let at = start; at < path.length; at++) {
    if (path[at] === '"') return at === start ? ['', -1] : [key, at + 1]
    if (path[at] === '\\' && at + 1 < path.length) {
      at++
      if (path[at] !== '"' && path[at] !== '\\') key += '\\'
    }
    key += path[at]
  }
  return ['', -1]
}

/** Reads what follows a bracket, to behind the closing one; answers where it ends, or -1. */
function takeIndex(path: string, start: number, steps: PathStep[]): number {
  const [whole = '', star, last, back, digits] = /^(?:(\*)|(#)|(#?-)?(\d{1,19}))\]/.exec(path.slice(start)) ?? []
  if (whole === '') return -1
  if (star !== undefined) steps.push({ kind: 'elements' })
  else if (last !== undefined) steps.push({ kind: 'index', index: Infinity, isFromBack: false })
  else steps.push({ kind: 'index', index: Number(digits), isFromBack: back !== undefined && Number(digits) !== 0 })
  return start + whole.length
}
