/** Names that SQL, to which case does not matter, tells apart: `a`, `A_1`. */
export function distinctNames(names: readonly string[]): string[] {
  const given = new Set(names.map((name) => name.toLowerCase()))
  const used = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let count = 1; used.has(unique.toLowerCase()) || (count > 1 && given.has(unique.toLowerCase())); count++)
      unique = `${name}_${count}`
    used.add(unique.toLowerCase())
    return unique
  })
}
