import { isLakefrontError, LakefrontError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { pause } from '../../storage/pause.ts'

const longestTurn = 10_000

/** How often the line is written when others write it at the same time. */
const tries = 30

/** Milliseconds between two looks of who comes next; who stands further behind looks less often. */
const lookPause = 100
const longestPause = 1000

interface Line {
  readonly storage: Storage
  readonly key: string
}

interface StoreTurn {
  /** Races. */
  readonly lost: number
  /** Asked again and again while it waits. */
  readonly isWanted?: () => boolean
  /** For how long somebody may stand first, in milliseconds, before others pass: whether it lives is not known. Default 10,000. */
  readonly patience?: number
}

/**
 * Waits for a turn where a store has no line of its own: those that wait write their names into an object beside the catalog, behind those that lost as many
 * races. Resolves to what takes the own name out again.
 *
 * This is an order and no lock: who stands first for too long is passed, and where that object cannot be written nobody waits.
 */
export async function turnInStore(
  storage: Storage,
  catalog: string,
  { lost, isWanted = () => true, patience = longestTurn }: StoreTurn,
): Promise<() => Promise<void>> {
  const line = { storage, key: `${catalog}.line` }
  const own = `${lost} ${crypto.randomUUID()}`
  await standing(line, own, { isWanted, patience }).catch(() => undefined)
  return () =>
    change(line, (names) => names.filter((name) => name !== own)).then(
      () => undefined,
      () => undefined,
    )
}

/** Until the own name is first, or the turn is not wanted any more. */
async function standing(
  line: Line,
  own: string,
  { isWanted, patience }: Required<Omit<StoreTurn, 'lost'>>,
): Promise<void> {
  const join = (names: readonly string[]): readonly string[] =>
    [...names.filter((name) => name !== own), own].toSorted((a, b) => lostBy(b) - lostBy(a))
  let first: string | undefined
  let since = 0
  let names = await change(line, join)
  while (names[0] !== own && isWanted()) {
    if (names[0] !== first) [first, since] = [names[0], performance.now()]
    const gone = performance.now() - since > patience ? first : undefined
    if (gone !== undefined || !names.includes(own))
      names = await change(line, (others) => join(others.filter((name) => name !== gone)))
    await pause(Math.min(lookPause * names.indexOf(own), longestPause))
    names = (await read(line)).names
  }
}

function lostBy(name: string): number {
  return Number.parseInt(name, 10) || 0
}

/** Writes the line as `next` makes it of what is there. */
async function change(line: Line, next: (names: readonly string[]) => readonly string[]): Promise<readonly string[]> {
  const { storage, key } = line
  for (let at = 0; at < tries; at++) {
    const { names, etag } = await read(line)
    const made = next(names)
    if (made.length === 0) {
      await storage.remove(key)
      return made
    }
    try {
      const condition = etag === undefined ? { ifNoneMatch: '*' as const } : { ifMatch: etag }
      await storage.write(key, new TextEncoder().encode(made.join('\n')), condition)
      return made
    } catch (error) {
      if (!isLakefrontError(error, 'PRECONDITION_FAILED') && !isLakefrontError(error, 'CONFLICT')) throw error
      await pause(Math.random() * lookPause)
    }
  }
  throw new LakefrontError('CONFLICT', `Others write "${storage.label}${key}" all the time.`)
}

async function read({ storage, key }: Line): Promise<{ readonly names: readonly string[]; readonly etag?: string }> {
  try {
    const { bytes, etag } = await storage.read(key)
    const names = new TextDecoder().decode(bytes).split('\n')
    return { names: names.filter((name) => name !== ''), ...(etag !== undefined && { etag }) }
  } catch (error) {
    if (isLakefrontError(error, 'NOT_FOUND')) return { names: [] }
    throw error
  }
}
