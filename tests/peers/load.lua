-- wrk's script: posts the order of order.json, each time under a number nobody had before.
--   wrk ... -s load.lua URL -- ORDER_FILE PREFIX [BEARER]
-- The last line it prints is what was measured, as JSON.

local numbered = 0

function setup(thread)
    numbered = numbered + 1
    thread:set("thread_number", numbered)
end

-- The request is put together once, but for the number, which always has the same length.
function init(args)
    local file = assert(io.open(args[1]))
    local body = file:read("*a"):gsub("%s+$", "")
    file:close()
    local headers = { ["Content-Type"] = "application/json" }
    if args[3] then
        headers["Authorization"] = "Bearer " .. args[3]
    end
    prefix = args[2] .. "-" .. thread_number .. "-"
    local placeholder = prefix .. string.format("%010d", 0)
    local whole = wrk.format("POST", nil, headers, (body:gsub("ORDER%-NUMBER", placeholder)))
    local from, to = whole:find(placeholder, 1, true)
    before, after = whole:sub(1, from - 1), whole:sub(to + 1)
    sent = 0
end

function request()
    sent = sent + 1
    return before .. prefix .. string.format("%010d", sent) .. after
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format(
        '{"answered": %d, "refused": %d, "broken": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f}',
        summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
