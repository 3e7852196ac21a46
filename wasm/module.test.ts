import { describe, expect, it } from 'vitest'
import { filterExports, readExports, readImports, readSections } from './module.mjs'

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const text = (value: string): number[] => [value.length, ...Buffer.from(value)]
const section = (id: number, content: number[]): number[] => [id, content.length, ...content]

const types = section(1, [1, 0x60, 0, 1, 0x7f])
const functions = section(3, [2, 0, 0])
const exported = section(7, [2, ...text('forty'), 0, 0, ...text('two'), 0, 1])
const code = section(10, [2, 4, 0, 0x41, 40, 0x0b, 4, 0, 0x41, 2, 0x0b])
const custom = section(0, text('note'))
const wasm = Uint8Array.from([...header, ...types, ...functions, ...exported, ...code, ...custom])

const imported = (module: string, name: string, ...type: number[]): number[] => [
  ...text(module),
  ...text(name),
  ...type,
]

const everyImport = Uint8Array.from([
  ...header,
  ...types,
  ...section(2, [
    6,
    ...imported('env', 'f', 0, 0),
    ...imported('env', 't', 1, 0x70, 0x00, 0x05),
    ...imported('env', 'm', 2, 0x01, 0x80, 0x02, 0x80, 0x80, 0x04),
    ...imported('GOT.mem', 'g', 3, 0x7f, 0x01),
    ...imported('env', 'x', 4, 0x00, 0x00),
    ...imported('env', 'f2', 0, 0),
  ]),
])

describe('module', () => {
  it('finds the sections in file order', () => {
    expect(readSections(wasm).map(({ id }) => id)).toEqual([1, 3, 7, 10, 0])
    expect(readSections(wasm).at(-1)!.end).toBe(wasm.length)
  })

  it('reads imports of every kind', () => {
    expect(readImports(everyImport).map(({ module, name, kind }) => `${module}.${name}: ${kind}`)).toEqual([
      'env.f: function',
      'env.t: table',
      'env.m: memory',
      'GOT.mem.g: global',
      'env.x: tag',
      'env.f2: function',
    ])
  })

  it('drops an export and leaves a module that runs', () => {
    const filtered = filterExports(wasm, (name: string) => name === 'two')
    expect(readExports(filtered)).toEqual([{ name: 'two', kind: 'function', index: 1 }])
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(filtered)))
    expect(Object.keys(exports)).toEqual(['two'])
    expect((exports['two'] as () => number)()).toBe(2)
  })

  it('copies all other sections byte for byte', () => {
    const filtered = filterExports(wasm, () => false)
    expect([...filtered]).toEqual([...header, ...types, ...functions, 7, 1, 0, ...code, ...custom])
    expect([...filterExports(wasm, () => true)]).toEqual([...wasm])
  })

  it('leaves a module without exports alone', () => {
    const bare = Uint8Array.from([...header, ...types])
    expect(readExports(bare)).toEqual([])
    expect([...filterExports(bare, () => true)]).toEqual([...bare])
  })

  it('writes sizes that need more than one byte', () => {
    const names = Array.from({ length: 300 }, (_, index) => `a_rather_long_name_${String(index).padStart(3, '0')}`)
    const content = names.flatMap((name) => [...text(name), 0, 0])
    const size = content.length + 2
    const many = Uint8Array.from([
      ...header,
      ...types,
      ...functions,
      7,
      (size & 0x7f) | 0x80,
      size >> 7,
      (300 & 0x7f) | 0x80,
      300 >> 7,
      ...content,
      ...code,
    ])
    const filtered = filterExports(many, (name: string) => !name.endsWith('7'))
    expect(readExports(filtered).map(({ name }) => name)).toEqual(names.filter((name) => !name.endsWith('7')))
    expect(WebAssembly.validate(new Uint8Array(filtered))).toBe(true)
  })

  it.each([
    ['nothing', [], 'Not a WebAssembly module'],
    ['a component of layer 1', [...header.slice(0, 6), 0x01, 0x00], 'Not a WebAssembly module'],
    ['a section longer than the file', [...header, 7, 9, 0], 'ends early'],
    ['an export past the end of its section', [...header, ...section(7, [2, ...text('a'), 0, 0])], 'ends early'],
    ['a name longer than its section', [...header, ...section(7, [1, 0x7f, 0x61])], 'ends early'],
    ['a number without end', [...header, 7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 'longer than 32 bits'],
    ['an unknown kind', [...header, ...section(7, [1, ...text('a'), 9, 0])], 'Unknown kind 9'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readExports(Uint8Array.from(bytes as number[]))).toThrow(message as string)
  })
})
