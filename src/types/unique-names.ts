import type { Field } from './logical-type.ts'

/** The names of `fields`, made different the way DuckDB names the columns of a subquery: `a`, `a_1`, `a_2`. */
export function uniqueNames(fields: readonly Field[]): string[] {
  const given = new Set(fields.map((field) => field.name))
  const used = new Set<string>()
  return fields.map(({ name }) => {
    let unique = name
    for (let count = 1; used.has(unique) || (count > 1 && given.has(unique)); count++) unique = `${name}_${count}`
    used.add(unique)
    return unique
  })
}
