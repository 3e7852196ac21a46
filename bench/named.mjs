/**
 * The query with each `{file}` as a quoted name.
 * @param {string} sql @param {readonly import('./system.js').BenchFile[]} files
 * @param {(file: import('./system.js').BenchFile) => string} nameOf
 */
export const named = (sql, files, nameOf) =>
  files.reduce((text, file) => text.replaceAll(`{${file.name}}`, `'${nameOf(file).replaceAll("'", "''")}'`), sql)

/** The files that a query names. @param {string} sql */
export const filesNamed = (sql) => [...new Set([...sql.matchAll(/\{([\w.]+)\}/g)].map(([, name = '']) => name))]
