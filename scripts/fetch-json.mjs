// Saves a JSON document from a URL, indented so that changes read well in a diff.
// Usage: node fetch-json.mjs URL FILE
import { writeFile } from 'node:fs/promises'

const [url, file] = process.argv.slice(2)
const answer = await fetch(url)
if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
await writeFile(file, JSON.stringify(await answer.json(), null, 2) + '\n')
