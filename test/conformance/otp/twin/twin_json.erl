%% JSON, strictly: objects are maps with binary keys, numbers are integers, nothing may follow the value.
-module(twin_json).
-export([decode/1, encode/1]).

decode(Text) ->
    {Value, Rest} = value(blank(Text)),
    case blank(Rest) of
        <<>> -> Value;
        _ -> error({json, {trailing, byte_size(Rest)}})
    end.

value(<<"{", Rest/binary>>) -> object(blank(Rest), #{});
value(<<"[", Rest/binary>>) -> array(blank(Rest));
value(<<"\"", Rest/binary>>) -> string(Rest, []);
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<"null", Rest/binary>>) -> {null, Rest};
value(<<C, _/binary>> = Text) when C =:= $-; C >= $0, C =< $9 -> number(Text);
value(Text) -> error({json, {unexpected, binary:part(Text, 0, min(20, byte_size(Text)))}}).

object(<<"}", Rest/binary>>, Map) when map_size(Map) =:= 0 -> {Map, Rest};
object(<<"\"", Rest0/binary>>, Map) ->
    {Key, Rest1} = string(Rest0, []),
    <<":", Rest2/binary>> = blank(Rest1),
    {Value, Rest3} = value(blank(Rest2)),
    case blank(Rest3) of
        <<",", Rest4/binary>> -> object(blank(Rest4), Map#{Key => Value});
        <<"}", Rest4/binary>> -> {Map#{Key => Value}, Rest4}
    end.

array(<<"]", Rest/binary>>) -> {[], Rest};
array(Text) -> elements(Text, []).

elements(Text, Values) ->
    {Value, Rest0} = value(Text),
    case blank(Rest0) of
        <<",", Rest1/binary>> -> elements(blank(Rest1), [Value | Values]);
        <<"]", Rest1/binary>> -> {lists:reverse([Value | Values]), Rest1}
    end.

string(<<"\"", Rest/binary>>, Chars) -> {unicode:characters_to_binary(lists:reverse(Chars)), Rest};
string(<<"\\u", Hex:4/binary, Rest/binary>>, Chars) -> string(Rest, [binary_to_integer(Hex, 16) | Chars]);
string(<<"\\", C, Rest/binary>>, Chars) -> string(Rest, [escaped(C) | Chars]);
string(<<C/utf8, Rest/binary>>, Chars) when C >= $\s -> string(Rest, [C | Chars]).

escaped($n) -> $\n;
escaped($t) -> $\t;
escaped($r) -> $\r;
escaped($b) -> $\b;
escaped($f) -> $\f;
escaped(C) when C =:= $"; C =:= $\\; C =:= $/ -> C.

number(Text) ->
    {match, [{0, Length}]} = re:run(Text, "^-?[0-9]+(?![0-9.eE])"),
    <<Digits:Length/binary, Rest/binary>> = Text,
    {binary_to_integer(Digits), Rest}.

blank(<<C, Rest/binary>>) when C =:= $\s; C =:= $\n; C =:= $\r; C =:= $\t -> blank(Rest);
blank(Text) -> Text.

%% A list of pairs is an object whose keys keep their order. What is written are ids and words: nothing to escape but
%% quotes and backslashes.
encode([{_, _} | _] = Pairs) ->
    ["{", lists:join(",", [[encode(Key), ":", encode(Value)] || {Key, Value} <- Pairs]), "}"];
encode(List) when is_list(List) -> ["[", lists:join(",", [encode(Value) || Value <- List]), "]"];
encode(Number) when is_integer(Number) -> integer_to_binary(Number);
encode(true) -> "true";
encode(false) -> "false";
encode(null) -> "null";
encode(Word) when is_atom(Word) -> encode(atom_to_binary(Word));
encode(Text) when is_binary(Text) ->
    ["\"", re:replace(Text, "[\"\\\\]", "\\\\&", [global, {return, binary}]), "\""].
