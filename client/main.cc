// tomoslab: the command line client.
#include "client/command_line.h"
#include "client/interrupt.h"
#include "proto/dial.h"

int main(int argc, char** argv) {
  tomoslab::LookAfterConnectionsOften();
  tomoslab::NoticeInterrupts();
  return tomoslab::RunCommandLine(argc, argv);
}
