// Preloaded into the processes of local pools (LD_PRELOAD): a socket that is bound to all addresses
// of the machine is bound to the loopback instead. Open MPI's mpirun listens on all of them for
// daemons on other machines, whatever its settings, and believes whoever connects; a local pool has
// no daemons elsewhere.
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

extern "C" int bind(int socket, const sockaddr* address, socklen_t size) noexcept {
  using Bind = int (*)(int, const sockaddr*, socklen_t);
  static const auto next = reinterpret_cast<Bind>(dlsym(RTLD_NEXT, "bind"));
  if (address != nullptr && address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in inet{};
    std::memcpy(&inet, address, sizeof inet);
    if (inet.sin_addr.s_addr == htonl(INADDR_ANY)) inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return next(socket, reinterpret_cast<const sockaddr*>(&inet), sizeof inet);
  }
  if (address != nullptr && address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 inet{};
    std::memcpy(&inet, address, sizeof inet);
    if (IN6_IS_ADDR_UNSPECIFIED(&inet.sin6_addr)) inet.sin6_addr = in6addr_loopback;
    return next(socket, reinterpret_cast<const sockaddr*>(&inet), sizeof inet);
  }
  return next(socket, address, size);
}
