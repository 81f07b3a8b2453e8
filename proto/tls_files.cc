#include "proto/tls_files.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using File = std::unique_ptr<std::FILE, Deleter<std::fclose>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

absl::StatusOr<File> Open(const std::string& path) {
  File file(std::fopen(path.c_str(), "re"));
  if (file != nullptr) return file;
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", path, std::strerror(errno)));
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  TOMOSLAB_ASSIGN_OR_RETURN(const File file, Open(path));
  Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate != nullptr) return certificate;
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s holds no certificate in PEM (a line -----BEGIN CERTIFICATE----- and what follows)",
      path));
}

/// Nobody is asked for a passphrase: this may run without a terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<Key> ReadKey(const std::string& path) {
  TOMOSLAB_ASSIGN_OR_RETURN(const File file, Open(path));
  Key key(PEM_read_PrivateKey(file.get(), nullptr, NoPassphrase, nullptr));
  if (key != nullptr) return key;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s holds no private key in PEM, or an encrypted one; openssl pkey -in %s "
                      "-out FILE takes the "
                      "passphrase off",
                      path, path));
}

std::string TimeText(const ASN1_TIME* time) {
  std::tm utc{};
  ASN1_TIME_to_tm(time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

absl::Status CheckPeriod(const X509& certificate, const std::string& path) {
  const ASN1_TIME* begin = X509_get0_notBefore(&certificate);
  const ASN1_TIME* end = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(end) < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the certificate in %s expired at %s; have it renewed", path, TimeText(end)));
  }
  if (X509_cmp_current_time(begin) > 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the certificate in %s is not valid before %s; is this machine's clock right?", path,
        TimeText(begin)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  if (!files.ca.empty() && files.ca != kSystemCa) {
    TOMOSLAB_RETURN_IF_ERROR(ReadCertificate(files.ca).status());
  }
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError(
        files.key.empty()
            ? absl::StrFormat("the certificate %s is given without its private key",
                              files.certificate)
            : absl::StrFormat("the private key %s is given without its certificate", files.key));
  }
  if (files.certificate.empty()) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(files.certificate));
  TOMOSLAB_ASSIGN_OR_RETURN(const Key key, ReadKey(files.key));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the private key in %s is not that of the certificate in %s", files.key,
                        files.certificate));
  }
  return CheckPeriod(*certificate, files.certificate);
}

}  // namespace tomoslab
