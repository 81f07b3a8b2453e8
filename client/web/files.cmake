# What a browser may load; tomoslabd holds it (server/web/embed_page.cmake).
set(TOMOSLAB_PAGE_FILES
  index.html style.css app.js api.js dom.js format.js jobs.js job.js chart.js images.js pane.js image.js histogram.js geometry.js ranks.js clone.js pool.js icon.svg
  vendor/uPlot.js vendor/uPlot.css vendor/uPlot-LICENSE.txt)
