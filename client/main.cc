// tomoslab: the command line client.
#include "client/command_line.h"
#include "client/interrupt.h"

int main(int argc, char** argv) {
  tomoslab::NoticeInterrupts();
  return tomoslab::RunCommandLine(argc, argv);
}
