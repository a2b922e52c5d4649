#include "lsp/json_rpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rondo::lsp {
namespace {

TEST(JsonRpc, TellsRequestsNotificationsAndResponses) {
  const Message request = read_message(R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1}})");
  ASSERT_TRUE(std::holds_alternative<Request>(request));
  EXPECT_EQ(std::get<Request>(request).id, RequestId(7));
  EXPECT_EQ(std::get<Request>(request).params, Json({{"a", 1}}));

  const Message named = read_message(R"({"jsonrpc":"2.0","id":"x","method":"m"})");
  EXPECT_EQ(std::get<Request>(named).id, RequestId("x"));
  EXPECT_TRUE(std::get<Request>(named).params.is_null());

  const Message notification = read_message(R"({"jsonrpc":"2.0","method":"m","params":[]})");
  EXPECT_EQ(std::get<Notification>(notification).method, "m");

  const Message result = read_message(R"({"jsonrpc":"2.0","id":1,"result":[1]})");
  EXPECT_EQ(std::get<Response>(result).result, Json({1}));
  const Message error =
      read_message(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}})");
  EXPECT_EQ(std::get<Response>(error).error, (RpcError{ErrorCode::kMethodNotFound, "no"}));
  // It must not be answered: the two sides could go on so for ever.
  const Message complaint = read_message(R"({"id":null,"error":{"code":-32700,"message":"x"}})");
  EXPECT_EQ(std::get<Response>(complaint).id, std::nullopt);
}

struct BadCase {
  const char* body;
  ErrorCode code;
  std::optional<RequestId> id;
};

TEST(JsonRpc, SaysWhatIsWrongAndToWhom) {
  const BadCase cases[] = {
      {"", ErrorCode::kParseError, {}},
      {"{\"id\":1,", ErrorCode::kParseError, {}},
      {"{\"id\":1e999}", ErrorCode::kParseError, {}},
      {"3", ErrorCode::kInvalidRequest, {}},
      {"[]", ErrorCode::kInvalidRequest, {}},
      {R"([{"id":1,"method":"m"}])", ErrorCode::kInvalidRequest, {}},
      {"{}", ErrorCode::kInvalidRequest, {}},
      {R"({"id":4})", ErrorCode::kInvalidRequest, RequestId(4)},
      {R"({"id":4,"method":5})", ErrorCode::kInvalidRequest, RequestId(4)},
      {R"({"id":"a","method":"m","params":5})", ErrorCode::kInvalidRequest, RequestId("a")},
      {R"({"id":null,"method":"m"})", ErrorCode::kInvalidRequest, {}},
      {R"({"id":1.5,"method":"m"})", ErrorCode::kInvalidRequest, {}},
      {R"({"id":18446744073709551615,"method":"m"})", ErrorCode::kInvalidRequest, {}},
  };
  for (const BadCase& bad : cases) {
    const Message message = read_message(bad.body);
    ASSERT_TRUE(std::holds_alternative<InvalidMessage>(message)) << bad.body;
    EXPECT_EQ(std::get<InvalidMessage>(message).error.code, bad.code) << bad.body;
    EXPECT_EQ(std::get<InvalidMessage>(message).id, bad.id) << bad.body;
  }
}

TEST(JsonRpc, ReadsTextThatIsNotUnicodeWithReplacementCharacters) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(a\ud83d\ude00b)", "a😀b"},            // a pair stays
      {R"(a\ud83dx)", "a\uFFFDx"},             // a high half alone
      {R"(\ud83d\ud83d\ude00)", "\uFFFD😀"},    // before a pair
      {R"(\ude00)", "\uFFFD"},                 // a low half alone
      {R"(\\ud83d \ud83d)", "\\ud83d \uFFFD"}  // an escaped backslash begins no escape
  };
  for (const auto& [written, read] : cases) {
    // The second string makes the whole message one that must be repaired.
    const Message message = read_message(R"({"method":"m","params":{"t":")" + std::string(written) +
                                         "\",\"u\":\"\xff\"}}");
    ASSERT_TRUE(std::holds_alternative<Notification>(message)) << written;
    EXPECT_EQ(std::get<Notification>(message).params["t"], read) << written;
  }
  const Message bytes = read_message("{\"method\":\"m\",\"params\":[\"\xE4\xC3\xA4\xE2\x82,\"]}");
  EXPECT_EQ(std::get<Notification>(bytes).params[0], "\uFFFDä\uFFFD\uFFFD,");
}

TEST(JsonRpc, ReadsAnyBytesWithoutFailing) {
  std::mt19937 random(3);
  const std::string seed =
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"t":"\ud83d\ude00ü"}})";
  for (int i = 0; i < 5'000; ++i) {
    std::string body = seed;
    for (int n = 1 + static_cast<int>(random() % 4); n > 0; --n) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    (void)read_message(body.substr(0, random() % (body.size() + 1)));
    (void)read_message_head(body);
  }
}

TEST(JsonRpc, ReadsIdMethodAndDocumentFromTheBeginningOfAMessage) {
  const MessageHead head = read_message_head(
      R"({"jsonrpc":"2.0","id":[2],"id":9,"method":"textDocument/didOpen","params":{"x":[{"uri":"no"}],)"
      R"("textDocument":{"uri":"file:///a","text":"long)");
  EXPECT_EQ(head.id, RequestId(9));
  EXPECT_EQ(head.method, "textDocument/didOpen");
  EXPECT_EQ(head.uri, "file:///a");
  EXPECT_EQ(read_message_head("xx").id, std::nullopt);
}

TEST(JsonRpc, WritesMessages) {
  EXPECT_EQ(dump_json(result_message(RequestId("a"), Json())),
            R"({"id":"a","jsonrpc":"2.0","result":null})");
  EXPECT_EQ(dump_json(error_message(std::nullopt, {ErrorCode::kParseError, "x"})),
            R"({"error":{"code":-32700,"message":"x"},"id":null,"jsonrpc":"2.0"})");
  EXPECT_EQ(dump_json(notification_message("m", Json::object())),
            R"({"jsonrpc":"2.0","method":"m","params":{}})");
}

TEST(JsonRpc, MapsEveryStatus) {
  EXPECT_EQ(to_rpc_error(cancelled_error("x")), (RpcError{ErrorCode::kRequestCancelled, "x"}));
  EXPECT_EQ(to_rpc_error(stale_error("")).code, ErrorCode::kContentModified);
  EXPECT_EQ(to_rpc_error(invalid_argument_error("")).code, ErrorCode::kInvalidParams);
  EXPECT_EQ(to_rpc_error(not_found_error("")).code, ErrorCode::kRequestFailed);
  EXPECT_EQ(to_rpc_error(internal_error("")).code, ErrorCode::kInternalError);
}

}  // namespace
}  // namespace rondo::lsp
