import { isLakefrontError } from '../errors.ts'
import { chunks, equal, fails, keysOf, pattern, sameBytes, thrown, truthy } from './case-checks.ts'
import type { Storage, StorageAbilities } from './storage.ts'
import { compareKeys } from './storage-key.ts'
import { writeCases } from './write-cases.ts'
import { pause } from './pause.ts'

/** A place of one driver, empty when a case begins. */
export interface StoragePlace {
  /** Another client of the same place, which shares nothing with the others but what is stored. */
  open(): Promise<Storage> | Storage
}

/** One promise of {@link Storage}. Runs in any host: it needs no test framework. */
export interface StorageCase {
  readonly name: string
  /** The case is not for stores without this. */
  readonly needs: readonly (keyof StorageAbilities)[]
  run(place: StoragePlace): Promise<void>
}

/** What every {@link Storage} does the same. Each case throws when a promise is broken. */
export const storageCases: readonly StorageCase[] = [
  {
    name: 'what is written is read back, whole and by ranges, under the validator that was told',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      const bytes = pattern(100_000)
      const written = await storage.write('folder/object.bin', bytes)
      equal(written.size, bytes.length)
      const other = await place.open()
      equal(await other.stat('folder/object.bin'), { size: bytes.length, etag: written.etag })
      const whole = await other.read('folder/object.bin')
      equal([whole.size, whole.etag], [bytes.length, written.etag])
      sameBytes(whole.bytes, bytes)
      const part = await other.read('folder/object.bin', { start: 10, end: 2010, ifMatch: written.etag! })
      sameBytes(part.bytes, bytes.subarray(10, 2010))
      equal([part.size, part.etag], [bytes.length, written.etag])
      const tail = await other.read('folder/object.bin', { start: 99_990 })
      sameBytes(tail.bytes, bytes.subarray(99_990))
      await fails('INVALID_ARGUMENT', other.read('folder/object.bin', { start: 10, end: 100_001 }))
      await fails('SOURCE_CHANGED', other.read('folder/object.bin', { ifMatch: '"another"' }))
      const source = other.open('folder/object.bin')
      const { size, etag } = await source.stat()
      equal(size, bytes.length)
      sameBytes(await source.read(5, 500, { ifMatch: etag! }), bytes.subarray(5, 500))
    },
  },
  {
    name: 'turns come in the order in which they were asked for, where there are any',
    needs: ['writes'],
    async run(place) {
      const clients = [await place.open(), await place.open(), await place.open()]
      await clients[0]!.write('object', pattern(10))
      if (clients[0]!.inTurn === undefined) return
      const order: string[] = []
      const asked = clients.map(async (client, number) => {
        for (let turn = 0; turn < 3; turn++) {
          if (turn === 0) for (let waited = 0; waited < number * 10; waited++) await pause(5)
          await client.inTurn!('object', async (waited) => {
            order.push(`begin ${number}`)
            if (number + turn > 0) truthy(waited, 'who waited was not told so')
            for (let work = 0; work < 20; work++) await pause(5)
            order.push(`end ${number}`)
          })
        }
      })
      await Promise.all(asked)
      const turns = [0, 1, 2, 0, 1, 2, 0, 1, 2]
      equal(
        order,
        turns.flatMap((number) => [`begin ${number}`, `end ${number}`]),
      )
      equal(
        await thrown(clients[0]!.inTurn('object', () => Promise.reject(new Error('own')))).then(String),
        'Error: own',
      )
      equal(await keysOf(clients[0]!), ['object'])
    },
  },
  {
    name: 'an empty object is an object',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      await storage.write('empty', new Uint8Array())
      equal((await storage.stat('empty')).size, 0)
      equal((await storage.read('empty')).bytes.length, 0)
      await storage.write('streamed', chunks([]))
      equal((await storage.read('streamed')).bytes.length, 0)
    },
  },
  {
    name: 'what is not there is NOT_FOUND',
    needs: [],
    async run(place) {
      const storage = await place.open()
      await fails('NOT_FOUND', storage.stat('none'))
      await fails('NOT_FOUND', storage.read('none'))
      await fails('NOT_FOUND', storage.read('no/folder/none', { start: 0, end: 1 }))
      await fails('NOT_FOUND', storage.open('none').stat())
    },
  },
  {
    name: 'another version has another validator, and reads pinned to the old one fail',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      const seen = new Set<string>()
      for (let version = 0; version < 20; version++) {
        const { etag } = await storage.write('object', pattern(100, version))
        truthy(!seen.has(etag!), 'a validator came twice')
        seen.add(etag!)
      }
      for (const etag of seen) {
        const read = (await place.open()).read('object', { ifMatch: etag })
        if (etag === [...seen].at(-1)) sameBytes((await read).bytes, pattern(100, 19))
        else await fails('SOURCE_CHANGED', read)
      }
    },
  },
  ...writeCases,
  {
    name: 'keys may hold what file names hold, and mean exactly themselves',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      for (const [index, key] of oddKeys.entries()) await storage.write(key, pattern(20 + index, index))
      const other = await place.open()
      equal(await keysOf(other), oddKeys.toSorted(compareKeys))
      for (const [index, key] of oddKeys.entries()) {
        sameBytes((await other.read(key)).bytes, pattern(20 + index, index))
        equal((await other.open(key).stat()).size, 20 + index)
      }
      for (const key of oddKeys) equal(await keysOf(other, { prefix: key }), [key])
      await storage.copy(oddKeys[0]!, `copy of ${oddKeys[1]!}`)
      equal((await other.stat(`copy of ${oddKeys[1]!}`)).size, 20)
      await storage.remove([...oddKeys, `copy of ${oddKeys[1]!}`])
      equal(await keysOf(other), [])
    },
  },
  {
    name: 'what is no relative path is refused before anything is asked',
    needs: [],
    async run(place) {
      const storage = await place.open()
      for (const key of badKeys) {
        await fails('INVALID_ARGUMENT', storage.stat(key))
        await fails('INVALID_ARGUMENT', storage.read(key))
        if (!storage.abilities.writes) continue
        await fails('INVALID_ARGUMENT', storage.write(key, pattern(1)))
        await fails('INVALID_ARGUMENT', storage.remove(['fine', key]))
        await fails('INVALID_ARGUMENT', storage.copy('fine', key))
        await fails('INVALID_ARGUMENT', storage.copy(key, 'fine'))
      }
      if (storage.abilities.lists) {
        await fails('INVALID_ARGUMENT', keysOf(storage, { prefix: '../' }))
        await fails('INVALID_ARGUMENT', keysOf(storage, { prefix: '/a' }))
        equal(await keysOf(storage), [])
      }
    },
  },
  {
    name: 'lists are in order, by prefix, by folder, and from a key on',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      equal(await keysOf(storage), [])
      equal(await keysOf(storage, { prefix: 'none/' }), [])
      const keys = ['a', 'a-b', 'a/1', 'a/2/x', 'a/2/y', 'a/3', 'a0', 'b/\u{1f600}', 'b/\u{ff5e}', 'c/d/e/f']
      for (const key of keys.toReversed()) if (key !== 'a') await storage.write(key, pattern(key.length))
      const all = keys.slice(1).toSorted(compareKeys)
      const other = await place.open()
      equal(await keysOf(other), all)
      equal(
        await keysOf(other, { prefix: 'a' }),
        all.filter((key) => key.startsWith('a')),
      )
      equal(await keysOf(other, { prefix: 'a/2' }), ['a/2/x', 'a/2/y'])
      equal(await keysOf(other, { delimiter: '/' }), ['a-b', 'a/', 'a0', 'b/', 'c/'])
      equal(await keysOf(other, { prefix: 'a/', delimiter: '/' }), ['a/1', 'a/2/', 'a/3'])
      equal(
        await keysOf(other, { startAfter: 'a/2/x' }),
        all.filter((key) => compareKeys(key, 'a/2/x') > 0),
      )
      equal(await keysOf(other, { prefix: 'a/', startAfter: 'a/1' }), ['a/2/x', 'a/2/y', 'a/3'])
      for await (const entry of other.list({ prefix: 'a/' })) {
        if (entry.kind !== 'object') throw new Error('a folder without being asked for')
        equal({ size: entry.size, etag: entry.etag }, await other.stat(entry.key))
      }
      for await (const _ of other.list()) break
    },
  },
  {
    name: 'lists tell when objects were written',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      await storage.write('first', pattern(1))
      await storage.write('second', chunks([pattern(1)]))
      const times: number[] = []
      for await (const entry of (await place.open()).list())
        times.push((entry.kind === 'object' ? entry.modified : undefined) ?? NaN)
      truthy(times.length === 2 && times[0]! <= times[1]!, 'what was written later has an earlier time, or none')
      const away = Math.abs(times[0]! - Date.now())
      truthy(away < 3_600_000, `what was just written has a time ${away} milliseconds away from now`)
    },
  },
  {
    name: 'removing takes one and many, and does not mind what is not there',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const keys = Array.from({ length: 30 }, (_, index) => `part/${String(index).padStart(2, '0')}`)
      await Promise.all(keys.map((key) => storage.write(key, pattern(3))))
      await storage.remove('part/00')
      await storage.remove('part/00')
      await storage.remove([])
      await fails('NOT_FOUND', storage.stat('part/00'))
      await storage.remove(['none', ...keys.slice(0, 20)])
      equal(await keysOf(await place.open()), keys.slice(20))
    },
  },
  {
    name: 'a copy is the same bytes under another key, also over what is there',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      await storage.write('from', pattern(5000, 1))
      await storage.write('to', pattern(10, 2))
      await storage.copy('from', 'to')
      await storage.copy('from', 'folder/to')
      await storage.write('from', pattern(10, 3))
      const other = await place.open()
      sameBytes((await other.read('to')).bytes, pattern(5000, 1))
      sameBytes((await other.read('folder/to')).bytes, pattern(5000, 1))
      await fails('NOT_FOUND', storage.copy('none', 'to'))
      sameBytes((await other.read('to')).bytes, pattern(5000, 1))
    },
  },
  {
    name: 'an abort rejects with its own reason, whatever is asked',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      await storage.write('object', pattern(10))
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      const options = { signal }
      for (const refused of [
        () => storage.stat('object', options),
        () => storage.read('object', options),
        () => storage.write('object', pattern(20), options),
        () => storage.write('other', chunks([pattern(20)]), options),
        () => storage.remove('object', options),
        () => storage.copy('object', 'other', options),
        () => keysOf(storage, options),
      ]) {
        equal(await thrown(refused()), reason)
      }
      equal(await keysOf(storage), ['object'])
      equal((await storage.stat('object')).size, 10)
    },
  },
  {
    name: 'a store that cannot write says so, and where',
    needs: [],
    async run(place) {
      const storage = await place.open()
      truthy(storage.label.endsWith('/') && !/[?@]/.test(storage.label), `"${storage.label}" is no good label`)
      if (!storage.abilities.writes) {
        for (const refused of [
          storage.write('object', pattern(1)),
          storage.remove('object'),
          storage.copy('object', 'other'),
        ]) {
          const error = await thrown(refused)
          truthy(isLakefrontError(error, 'UNSUPPORTED'), 'a write is refused with UNSUPPORTED')
          truthy(String(error).includes(storage.label), 'the message names the place')
        }
      }
      if (!storage.abilities.lists) await fails('UNSUPPORTED', keysOf(storage))
      await storage.close()
      await storage.close()
    },
  },
]

const oddKeys: readonly string[] = [
  'a b.parquet',
  'a+b.parquet',
  'a%2Fb.parquet',
  'a%b.parquet',
  '100%/é/日本語 \u{1f600}.bin',
  "quotes ' and !()*.bin",
  'year=2026/month=01/x&y=z;w,v:u@t$s.bin',
  'sharp#hash?question.bin',
  '[brackets]{braces}^`|~<tag>.bin',
  'e\u0301 decomposed',
  '...dots...',
]

const badKeys: readonly string[] = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  'a\\b',
  'a\0b',
  'a\nb',
  'half \ud800 character',
  '.lakefront-mine',
  'a/.lakefront-mine/b',
  'x'.repeat(1025),
]
