#include "proto/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "proto/server_address.h"

namespace tomoslab {
namespace {

using testing::HasSubstr;

/// A self-signed certificate, valid from `begin` to `end` seconds from now, and its key.
class TlsFilesTest : public testing::Test {
 protected:
  TlsFilesTest() { std::filesystem::create_directories(folder_); }
  ~TlsFilesTest() override { std::filesystem::remove_all(folder_); }

  TlsFiles Make(const std::string& name, long begin = -10, long end = 1000) {
    TlsFiles files{"", folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), begin);
    X509_gmtime_adj(X509_getm_notAfter(certificate), end);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen(files.certificate.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(files.key.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return files;
  }
  static std::string Refusal(const TlsFiles& files) {
    const absl::Status status = CheckTlsFiles(files);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  const std::string folder_ = testing::TempDir() + "tls_files_test";
};

TEST_F(TlsFilesTest, AcceptsWhatBelongsTogether) {
  TlsFiles files = Make("a");
  EXPECT_TRUE(CheckTlsFiles(files).ok());
  files.ca = files.certificate;
  EXPECT_TRUE(CheckTlsFiles(files).ok());
  EXPECT_TRUE(CheckTlsFiles({kSystemCa, "", ""}).ok());
  EXPECT_TRUE(CheckTlsFiles({}).ok());
}

TEST_F(TlsFilesTest, NamesTheFileAndWhatIsWrong) {
  const TlsFiles a = Make("a"), b = Make("b");
  EXPECT_THAT(Refusal({"", a.certificate, b.key}),
              HasSubstr("b.key is not that of the certificate"));
  EXPECT_THAT(Refusal({"", a.certificate, ""}), HasSubstr("without its private key"));
  EXPECT_THAT(Refusal({"", "", a.key}), HasSubstr("without its certificate"));
  EXPECT_THAT(Refusal({"/no/such/file", "", ""}), HasSubstr("/no/such/file: No such file"));
  EXPECT_THAT(Refusal({a.key, "", ""}), HasSubstr("holds no certificate"));
  EXPECT_THAT(Refusal({"", a.certificate, a.certificate}), HasSubstr("holds no private key"));
}

TEST_F(TlsFilesTest, KnowsTheTime) {
  EXPECT_THAT(Refusal(Make("old", -2000, -1000)), HasSubstr("expired at 20"));
  EXPECT_THAT(Refusal(Make("young", 1000, 2000)), HasSubstr("is not valid before 20"));
}

TEST_F(TlsFilesTest, EncryptedKeysAreRefusedWithoutAskingForAPassphrase) {
  TlsFiles files = Make("a");
  EVP_PKEY* key = EVP_EC_gen("P-256");
  std::FILE* file = std::fopen(files.key.c_str(), "w");
  unsigned char passphrase[] = "secret";
  PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), passphrase, 6, nullptr, nullptr);
  std::fclose(file);
  EVP_PKEY_free(key);
  EXPECT_THAT(Refusal(files), HasSubstr("encrypted"));
}

TEST(IsLoopback, OnlyWhereNobodyElseReaches) {
  for (const char* address :
       {"127.0.0.1:1", "127.9.8.7:65535", "localhost:0", "[::1]:50177", "unix:/run/x"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0:1", "[::]:1", "*:1", ":1", "", "127.0.0.1", "127.0.0.1.example.com:1",
        "127.0.0.1:1,0.0.0.0:1", "localhost.example.com:1", "dns:///localhost", "10.0.0.1:1",
        "127.1:1", "127.0.0.1:x", "ct-server:50177"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

}  // namespace
}  // namespace tomoslab
