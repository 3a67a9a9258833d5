-- For wrk: repeats one request (method, body, headers as "Name: value"), and prints what came of it as JSON.
-- $COUNTED_HEADER names a header whose value is another one in each request.
local counted = os.getenv("COUNTED_HEADER")
local sent = 0

function init(args)
  wrk.method = args[1]
  wrk.body = args[2]
  for place = 3, #args do
    local name, value = args[place]:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
end

if counted then
  -- The table's address tells one run from the next.
  local run = os.time() .. tostring({}):match("0x(%x+)")
  function request()
    sent = sent + 1
    wrk.headers[counted] = run .. "-" .. sent
    return wrk.format()
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"failed":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f}\n',
    summary.requests, failed, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
