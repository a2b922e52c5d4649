#include "workspace/secrets.h"

#include <gtest/gtest.h>

#include <random>

namespace rondo::workspace {
namespace {

TEST(Secrets, FilesAreToldByName) {
  for (const char* path : {".env", "app/.env.production", "prod.env", "keys/server.pem",
                           "home/.ssh/id_rsa", "id_ed25519", "tls.KEY", "a.p12", "vault.kdbx",
                           ".netrc", "aws/credentials", "config/secrets.yml"}) {
    EXPECT_TRUE(is_secret_file(path)) << path;
  }
  for (const char* path : {".env.example", "environment.py", "id_rsa.pub", "key.cc", "keys/main.go",
                           "credentials.py", "secrets.h", "pem.rs", ".envrc.md"}) {
    EXPECT_FALSE(is_secret_file(path)) << path;
  }
}

// Written in two pieces, so that this file holds none.
std::string joined(const char* a, const char* b) { return std::string(a) + b; }

TEST(Secrets, AreFoundInText) {
  for (const std::string& text : {
           joined("x\n-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Gh29sKd0qLmZ81vBn3\n"),
           joined("\"-----BEGIN ", "PRIVATE KEY-----\\nMIIEowIBAAKCAQEAx7Gh29sKd0qLmZ81vBn3\""),
           joined("key = AKIA", "IOSFODNN7EXAMPL3"),
           joined("  - ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
           joined("const password = 'q8Xz3LmN0v", "RtY7uKp2Ws';"),
           joined("\"api_key\": \"9f86d081884c7d65", "9a2feaa0c55ad015\""),
           joined("DB_PASSWORD=x7Gh29sKd0", "qLmZ81vBn3\n"),
           joined("client_secret: Zx81Lq0pVn", "27sTyK4mWe\n"),
           joined("setToken(\"token\", \"aB3dE5fG7hI9", "jK1lM3nO5\")"),
       }) {
    EXPECT_TRUE(find_secret(text).has_value()) << text;
  }
}

TEST(Secrets, OrdinaryCodeHasNone) {
  for (const char* text : {
           "password = getpass()\n",
           "token = request.headers['X-Auth-Token-For-Requests-1']\n",
           "secret_key = 'changeme-in-production-please-2024'\n",
           "-----BEGIN CERTIFICATE-----\nMIIB\n",
           "-----BEGIN PUBLIC KEY-----\nMIIEowIBAAKCAQEAx7Gh29sKd0qLmZ81vBn3\n",
           "kStart = b\"-----BEGIN OPENSSH PRIVATE KEY-----\"\nkEnd = b\"\"\n",
           "const kTokenPath = \"/usr/share/tokens/version2/default.json\";\n",
           "hash = '9f86d081884c7d659a2feaa0c55ad015'\n",
           "token_type = 'abcdefghijklmnopqrstuvwxyz'\n",
           "AKIA",
           "private_key = ed25519.Ed25519PrivateKey.from_bytes(x)\n",
           "sk-learn-contrib-imbalanced-sampling-regression-1",
           "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased-2018')\n",
       }) {
    const auto secret = find_secret(text);
    EXPECT_FALSE(secret.has_value()) << text << secret->what;
  }
}

// Quadratic work on it would take half an hour.
TEST(Secrets, LooksThroughEncodedData) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (const std::string_view more : {"+/", "-_"}) {
    const std::string digits = std::string(kDigits) + std::string(more);
    std::mt19937 random(1);
    std::string text = "image = 'data:image/png;base64,";
    for (int i = 0; i < 4 << 20; ++i) text += digits[random() % digits.size()];
    EXPECT_FALSE(find_secret(text).has_value());
    text += "'\npassword = 'x9Kd83mQpLw02ZsVbNc7RtYh'\n";
    const auto secret = find_secret(text);
    ASSERT_TRUE(secret.has_value());
    EXPECT_GT(secret->offset, size_t{4 << 20});
  }
}

}  // namespace
}  // namespace rondo::workspace
