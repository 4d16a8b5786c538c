#!/usr/bin/env escript
%% Erlang's ssl as a server or a client: peer.escript server PORT CERT KEY DH, or peer.escript client PORT.

main(["server", Port, Cert, Key, Dh]) ->
    start(),
    {ok, Listening} = ssl:listen(list_to_integer(Port),
        [{ip, {127, 0, 0, 1}}, {reuseaddr, true}, {certfile, Cert}, {keyfile, Key}, {dhfile, Dh} | options()]),
    serve(Listening);
main(["client", Port]) ->
    start(),
    connect(list_to_integer(Port)).

start() ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none).

options() ->
    Versions = ['tlsv1.2', 'tlsv1.1', tlsv1],
    Suites = lists:append([ssl:cipher_suites(all, Version) || Version <- Versions]),
    [{versions, Versions}, {ciphers, lists:usort(Suites)}, {active, false}].

serve(Listening) ->
    {ok, Accepted} = ssl:transport_accept(Listening),
    Talking = spawn(fun() -> receive go -> talk(Accepted) end end),
    ok = ssl:controlling_process(Accepted, Talking),
    Talking ! go,
    serve(Listening).

talk(Accepted) ->
    case ssl:handshake(Accepted, 10000) of
        {ok, Connection} -> drain(Connection);
        _ -> ok
    end.

connect(Port) ->
    case ssl:connect({127, 0, 0, 1}, Port, [{verify, verify_none}, {reuse_sessions, true} | options()], 10000) of
        {ok, Connection} -> drain(Connection);
        {error, econnrefused} -> halt(1);
        _ -> ok
    end,
    connect(Port).

drain(Connection) ->
    case ssl:recv(Connection, 0, 10000) of
        {ok, _} -> drain(Connection);
        _ -> ssl:close(Connection)
    end.
