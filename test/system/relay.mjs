// Runs inside a network namespace and calls a node's local API there: one request per line in, one answer per line out.
import { createInterface } from 'node:readline'

for await (const line of createInterface({ input: process.stdin })) {
  const { id, port, token, method, path, body } = JSON.parse(line)
  const init = { method, headers: { Authorization: `Bearer ${token}` }, body: body && JSON.stringify(body) }
  try {
    const isCall = !path.startsWith('/')
    const response = await fetch(`http://127.0.0.1:${port}${isCall ? '/api/v1/' : ''}${path}`, init)
    const answer = await (isCall ? response.json() : response.text())
    console.log(JSON.stringify({ id, status: response.status, body: answer }))
  } catch (error) {
    console.log(JSON.stringify({ id, status: 0, body: { message: String(error) } }))
  }
}
