%% Runs scenarios, one a line of a file, on OTP's supervisor and in real time, many at once; prints one JSON line for
%% each: its number and its trace.
-module(twin).
-export([main/1]).

-define(LATEST_END_MS, 20000).

main([File, Scale, EveryMs]) ->
    ok = logger:set_primary_config(level, error),
    [ok = logger:remove_handler(Id) || Id <- logger:get_handler_ids()],
    ok = logger:add_handler(twin, twin_sup, #{}),
    ok = io:setopts(standard_io, [binary, {encoding, utf8}]),
    {ok, Text} = file:read_file(File),
    Lines = [Line || Line <- binary:split(Text, <<"\n">>, [global]), Line =/= <<>>],
    Scenarios = lists:zip(lists:seq(0, length(Lines) - 1), [twin_json:decode(Line) || Line <- Lines]),
    Main = self(),
    spawn_link(fun() -> begin_each(Scenarios, Main, list_to_integer(Scale), list_to_integer(EveryMs)) end),
    collect(length(Scenarios)),
    init:stop().

begin_each(Scenarios, Main, Scale, EveryMs) ->
    lists:foreach(
        fun({Number, Scenario}) ->
            spawn(fun() ->
                Result = try run(Scenario, Scale) catch Class:Reason:Stack -> {failed, {Class, Reason, Stack}} end,
                Main ! {done, Number, Result}
            end),
            timer:sleep(EveryMs)
        end,
        Scenarios
    ).

collect(0) ->
    ok;
collect(Left) ->
    receive
        {done, Number, {failed, What}} ->
            io:format(standard_error, "scenario ~b: ~0p~n", [Number, What]),
            init:stop(1);
        {done, Number, Trace} ->
            io:put_chars([twin_json:encode([{number, Number}, {trace, Trace}]), "\n"]),
            collect(Left - 1)
    end.

run(#{<<"tree">> := Tree, <<"steps">> := Steps, <<"endMs">> := EndMs} = Scenario, Scale) ->
    %% OTP counts its periods in whole seconds.
    maps:get(<<"isAligned">>, Scenario, false) andalso timer:sleep(1000 - erlang:monotonic_time(millisecond) rem 1000),
    process_flag(trap_exit, true),
    Zero = erlang:monotonic_time(millisecond),
    Tracer = twin_tracer:start(),
    World = #{tracer => Tracer, scale => Scale},
    Self = self(),
    Root = spawn(fun() -> keep_root(Tree, World, Self) end),
    Done = steps(lists:zip(lists:seq(0, length(Steps) - 1), Steps), Zero, World, Root),
    Done orelse wait(Zero + EndMs * Scale) orelse begin Root ! stop, wait(Zero + (EndMs + ?LATEST_END_MS) * Scale) end
        orelse twin_tracer:note(Tracer, [{event, hung}, {id, maps:get(<<"id">>, Tree)}]),
    %% What was asked of it in its last moments is answered by then.
    timer:sleep(20),
    Trace = twin_tracer:take(Tracer),
    exit(Root, kill),
    exit(Tracer, kill),
    Trace.

%% The root's own parent.
keep_root(Tree, World, Runner) ->
    process_flag(trap_exit, true),
    case twin_sup:start_child(Tree, World) of
        {error, _} ->
            Runner ! root_ended;
        {ok, Pid} ->
            Mon = monitor(process, Pid),
            keep_running(Pid, Mon, Runner)
    end.

keep_running(Pid, Mon, Runner) ->
    receive
        stop -> exit(Pid, shutdown), keep_running(Pid, Mon, Runner);
        {'DOWN', Mon, process, Pid, _} -> Runner ! root_ended;
        {'EXIT', _, _} -> keep_running(Pid, Mon, Runner)
    end.

%% True when the root has ended meanwhile.
steps([], _, _, _) ->
    false;
steps([{Number, #{<<"atMs">> := AtMs, <<"do">> := Do} = Step} | Later], Zero, #{scale := Scale} = World, Root) ->
    case wait(Zero + AtMs * Scale) of
        true ->
            true;
        false ->
            do(Do, Number, Step, World, Root),
            steps(Later, Zero, World, Root)
    end.

wait(Until) ->
    receive
        root_ended -> true
    after max(0, Until - erlang:monotonic_time(millisecond)) -> false
    end.

do(<<"stop">>, _, _, _, Root) ->
    Root ! stop;
do(<<"exit">>, _, #{<<"id">> := Id, <<"reason">> := Reason}, #{tracer := Tracer}, _) ->
    case {twin_tracer:pid_of(Tracer, Id), Reason} of
        {undefined, _} -> ok;
        {Pid, <<"kill">>} -> exit(Pid, kill);
        {Pid, _} -> Pid ! {exit, binary_to_existing_atom(Reason)}
    end;
do(Request, Number, #{<<"supervisor">> := Id} = Step, #{tracer := Tracer} = World, _) ->
    spawn(fun() ->
        Reply = case twin_tracer:pid_of(Tracer, Id) of
            undefined -> [{ok, false}, {error, noproc}];
            Pid -> try_ask(Request, Pid, Step, World)
        end,
        twin_tracer:note(Tracer, [{event, reply}, {step, Number}, {request, Request}, {id, Id}] ++ asked(Step) ++ Reply)
    end).

asked(#{<<"child">> := #{<<"id">> := Id}}) -> [{child, Id}];
asked(#{<<"child">> := Id}) -> [{child, Id}];
asked(_) -> [].

try_ask(Request, Pid, Step, #{tracer := Tracer} = World) ->
    Down = [{ok, false}, {error, noproc}],
    try {ask(Request, Pid, Step, World), twin_tracer:is_orphan(Tracer, Pid)} of
        {Reply, false} -> Reply;
        {_, true} -> Down
    catch
        exit:_ -> Down
    end.

ask(<<"start_child">>, Pid, #{<<"child">> := Child}, World) ->
    reply(supervisor:start_child(Pid, twin_sup:child_spec(Child, World)));
ask(<<"start_child">>, Pid, Step, #{tracer := Tracer}) ->
    case supervisor:start_child(Pid, [{make_ref(), maps:get(<<"changes">>, Step, #{})}]) of
        {ok, Child} -> [{ok, true}, {child, twin_tracer:id_of(Tracer, Child)}];
        Error -> reply(Error)
    end;
ask(<<"count_children">>, Pid, _, _) ->
    [{counts, supervisor:count_children(Pid)}];
ask(<<"which_children">>, Pid, _, #{tracer := Tracer}) ->
    [{children, lists:sort([which(Child, Tracer) || Child <- supervisor:which_children(Pid)])}];
ask(Request, Pid, #{<<"child">> := Child}, #{tracer := Tracer}) ->
    reply(supervisor:(binary_to_existing_atom(Request))(Pid, name(Child, Tracer))).

%% A dynamic child has no name for OTP: it is known by its pid.
name(Child, Tracer) ->
    case {re:run(Child, <<"-[0-9]+$">>), twin_tracer:pid_of(Tracer, Child)} of
        {nomatch, _} -> Child;
        {_, undefined} -> Child;
        {_, Pid} -> Pid
    end.

which({Id, Pid, Type, _}, Tracer) ->
    Name = case {Id, is_pid(Pid)} of
        {undefined, true} -> twin_tracer:id_of(Tracer, Pid);
        {undefined, false} -> null;
        _ -> Id
    end,
    [{id, Name}, {status, status(Pid)}, {type, Type}].

status(undefined) -> down;
status(restarting) -> restarting;
status(Pid) when is_pid(Pid) -> running.

reply(ok) -> [{ok, true}];
reply({ok, Pid}) when is_pid(Pid) -> [{ok, true}];
reply({error, {already_started, _}}) -> [{ok, false}, {error, already_started}];
reply({error, {bad_combination, _}}) -> [{ok, false}, {error, invalid}];
reply({error, Word}) when is_atom(Word) -> [{ok, false}, {error, Word}];
reply({error, _}) -> [{ok, false}, {error, start_failed}].
