-- Sends the requests of a file in turn, and prints the results as one line of JSON.
--
--   wrk … URL -- FILE [DELAY_MS]
--
-- Each line of the file is METHOD, path and, if there is one, body, separated by tabs. The requests are formatted
-- before the load begins; wrk sends a file of one line without a call of Lua. DELAY_MS is how long each connection
-- waits before a request.

local function read(line)
    local method, path, body = line:match('^(%u+)\t([^\t]+)\t?(.*)$')
    assert(method, 'not METHOD, path and body: ' .. line)
    return method, path, body ~= '' and body or nil
end

function init(arguments)
    local lines = {}
    for line in assert(io.lines(arguments[1])) do lines[#lines + 1] = line end
    wrk.method, wrk.path, wrk.body = read(lines[1])
    if #lines > 1 then
        local requests = {}
        for index, line in ipairs(lines) do
            local method, path, body = read(line)
            requests[index] = wrk.format(method, path, nil, body)
        end
        local last = 0
        function request()
            last = last % #requests + 1
            return requests[last]
        end
    end
    local delay_ms = tonumber(arguments[2])
    if delay_ms then
        function delay() return delay_ms end
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "duration_us": %d, "refused": %d, "socket_errors": %d, "timeouts": %d, '
            .. '"p50_us": %d, "p99_us": %d, "p999_us": %d, "max_us": %d}\n',
        summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
